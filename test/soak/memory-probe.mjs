// Loaded into the bus before it starts: says what it takes, to the soak that started it.
process.on('message', () => {
  globalThis.gc()
  const { rss, heapUsed, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  process.send({ rss, live: heapUsed + external, cpuMs: (user + system) / 1_000 })
})
// A bus whose soak was killed must not outlive it.
process.on('disconnect', () => process.exit(1))
process.channel.unref()
