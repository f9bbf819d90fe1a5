import { posix } from 'node:path'
import { UsageError } from '../command.ts'
import { quoteForShell } from '../quote.ts'
import { type ServiceFile, type ServicePlan, VARIABLES } from './plan.ts'

/** Where systemd keeps what `StateDirectory` names. */
const STATE = '/var/lib/bus-mcp'
const SYSTEM_VARIABLES = `/etc/bus-mcp/${VARIABLES}`

/** What a bus never needs and that whoever takes it over would look for. */
const confined = [
  'NoNewPrivileges=yes',
  'ProtectSystem=strict',
  'PrivateTmp=yes',
  'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallFilter=~@privileged @resources',
  'SystemCallErrorNumber=EPERM',
  // MemoryDenyWriteExecute is not here: JavaScript is compiled while it runs.
]

/** These give up capabilities, which the manager of a user has not got. */
const confinedBySystem = [
  'DynamicUser=yes',
  'StateDirectory=bus-mcp',
  'StateDirectoryMode=0700',
  'ProtectHome=yes',
  'PrivateDevices=yes',
  'PrivateUsers=yes',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProtectProc=invisible',
  'RemoveIPC=yes',
  'CapabilityBoundingSet=',
]

/**
 * A unit of systemd, of the user or of the system.
 *
 * @throws {UsageError} For what a system service could not read or write, and where systemd is not.
 */
export function renderSystemd(plan: ServicePlan): ServiceFile {
  const isOfSystem = plan.scope === 'system'
  checkPlatform(plan)
  checkTemporary(plan)
  if (isOfSystem) checkReach(plan)
  if (plan.logFile !== undefined) throw new UsageError('leave --log-file out: systemd keeps the log in its journal')
  const variables = isOfSystem ? SYSTEM_VARIABLES : posix.join(plan.folder, VARIABLES)
  const lines = [
    '[Unit]',
    'Description=bus-mcp, a coordination bus for AI agents',
    ...(isOfSystem ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    // It goes on trying: what it waits for, as a database, may take long to come.
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${toCommandLine(plan)}`,
    ...toDatabaseLines(plan),
    '# Secrets, and what else has a variable. Nobody else may read it: mode 0600.',
    `EnvironmentFile=-${variables.replaceAll('%', '%%')}`,
    // Also after an end that looks like success: whoever wants it to end stops the service.
    'Restart=always',
    'RestartSec=2',
    '# A setting that cannot be used is not mended by another start, nor is a damaged file.',
    'RestartPreventExitStatus=2 65',
    '# It takes up to 10 s to answer whoever waits.',
    'TimeoutStopSec=20',
    'UMask=0077',
    'LimitNOFILE=65536',
    'MemoryMax=1G',
    'TasksMax=64',
    ...confined,
    ...(isOfSystem ? confinedBySystem : ['ProtectHome=read-only']),
    '',
    '[Install]',
    `WantedBy=${isOfSystem ? 'multi-user.target' : 'default.target'}`,
  ]
  return { text: lines.join('\n'), advice: isOfSystem ? adviseSystem() : adviseUser(plan) }
}

function checkPlatform({ nodePath, programPath, databasePath }: ServicePlan): void {
  for (const path of [nodePath, programPath, databasePath]) {
    if (path !== undefined && /^(?:[A-Za-z]:|\\\\)/.test(path)) {
      throw new UsageError(
        `a service of systemd runs on Linux, and ${path} is of Windows: type the command on the machine where it is to run`,
      )
    }
  }
}

/** `PrivateTmp`: it has such folders of its own, which are empty. */
function checkTemporary({ nodePath, programPath, databasePath, socketPath, scope }: ServicePlan): void {
  // That of the system has its database where systemd keeps it.
  for (const path of [nodePath, programPath, scope === 'system' ? undefined : databasePath, socketPath]) {
    if (path !== undefined && /^\/(?:var\/)?tmp\//.test(path)) {
      throw new UsageError(`a service sees nothing of what is in /tmp, as ${path} is: put it elsewhere`)
    }
  }
}

function checkReach({ nodePath, programPath, databasePath, socketPath, folder }: ServicePlan): void {
  if (socketPath !== undefined) {
    throw new UsageError(
      'a service of the system has a user of its own, and nobody else could connect to its socket: leave --listen out, or take --scope user',
    )
  }
  for (const path of [nodePath, programPath]) {
    if (/^\/(?:home|root|run\/user)\//.test(path)) {
      throw new UsageError(
        `a service of the system reads no home, and ${path} is in one: install Node and bus-mcp for all users, or take --scope user`,
      )
    }
  }
  const isStandard = databasePath === undefined || posix.dirname(databasePath) === folder
  if (!isStandard && posix.dirname(databasePath) !== STATE) {
    throw new UsageError(`a service of the system keeps its database in ${STATE}: leave --database-url out`)
  }
}

function toDatabaseLines({ scope, flags, databasePath, socketPath }: ServicePlan): string[] {
  const isTyped = flags.some((flag) => flag.startsWith('--database-url='))
  const path = scope === 'system' ? `${STATE}/bus.db` : databasePath
  // A variable, which the file of variables may replace; a flag it could not.
  const variable = isTyped || path === undefined ? [] : [`Environment=${quote(`BUS_DATABASE_URL=sqlite:${path}`)}`]
  if (scope === 'system') return variable
  const written = [databasePath, socketPath].flatMap((path) => (path === undefined ? [] : [posix.dirname(path)]))
  if (written.length === 0) return variable
  const folders = [...new Set(written)].map(quotePath)
  return [...variable, '# All that it may write.', `ReadWritePaths=${folders.join(' ')}`]
}

function toCommandLine({ nodePath, programPath, flags }: ServicePlan): string {
  if (/["'\\]/.test(nodePath)) throw new UsageError(`systemd starts no program with a quote in its path: ${nodePath}`)
  // In the program itself nothing is replaced but what begins with a percent sign; in its arguments variables are, too.
  const words = [programPath, 'serve', ...flags].map((word) => quote(word).replaceAll('$', '$$$$'))
  return [quote(nodePath), ...words].join(' ')
}

function quote(word: string): string {
  const literal = word.replaceAll('%', '%%')
  return /^[\w@%+=:,./$-]+$/.test(literal) ? literal : `"${literal.replace(/["\\]/g, '\\$&')}"`
}

/** In a list of paths a backslash is a backslash, so only the other kind of quotes can be quoted. */
function quotePath(path: string): string {
  if (path.includes('"') && path.includes("'")) throw new UsageError(`${path} has both kinds of quotes in it`)
  const mark = path.includes('"') ? "'" : '"'
  return `${mark}${path.replaceAll('%', '%%')}${mark}`
}

function adviseUser({ folder, databasePath }: ServicePlan): string {
  const folders = [...new Set([folder, ...(databasePath === undefined ? [] : [posix.dirname(databasePath)])])]
  const variables = quoteForShell(posix.join(folder, VARIABLES))
  return `Type it again with  > ~/.config/systemd/user/bus-mcp.service  (mkdir -p ~/.config/systemd/user), then
  mkdir -p -m 700 ${folders.map(quoteForShell).join(' ')}
  touch ${variables} && chmod 600 ${variables}     # BUS_WRITE_SECRET=… goes in there
  systemctl --user daemon-reload && systemctl --user enable --now bus-mcp
  loginctl enable-linger                # to run it also while you are not logged in
See it:    systemctl --user status bus-mcp    journalctl --user -u bus-mcp
Take away: systemctl --user disable --now bus-mcp, and the file`
}

function adviseSystem(): string {
  return `As root, type it again with  > /etc/systemd/system/bus-mcp.service, then
  mkdir -p /etc/bus-mcp && touch ${SYSTEM_VARIABLES} && chmod 600 ${SYSTEM_VARIABLES}     # BUS_WRITE_SECRET=… goes in there
  systemctl daemon-reload && systemctl enable --now bus-mcp
See it:    systemctl status bus-mcp    journalctl -u bus-mcp
Take away: systemctl disable --now bus-mcp, the file, and ${STATE} with the database`
}
