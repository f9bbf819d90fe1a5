/** The command center: a client of the public API that runs in a browser. */
import { computed, effect, signal } from '@preact/signals'
import { render } from 'preact'
import { createFeed } from './data/feed.ts'
import { startLive } from './data/live.ts'
import { EVERYTHING } from './data/messages.ts'
import { createOperator, mayWrite } from './data/operator.ts'
import { formatRoute, parseRoute } from './data/route.ts'
import { createBusClock } from './data/time.ts'
import { App } from './views/app.tsx'
import { type Draft, type Panel, PanelContext } from './views/panel.ts'

const baseUrl = `${location.origin}/api/bus`

/** How the client begins to say that it reached no bus. */
const NO_BUS = 'no bus at '

function createPanel(): Panel {
  const clock = createBusClock()
  const operator = createOperator(baseUrl)
  const live = startLive(() => operator.client.value, `${baseUrl}/events`, clock)
  const feed = createFeed(() => operator.client.value, live)
  const route = signal(parseRoute(location.hash))
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash)
  })
  const filter = computed(() => route.value.filter)
  // A filter that says the same again is no reason to read.
  const filterText = computed(() => JSON.stringify(filter.value))
  effect(() => {
    void filterText.value
    feed.look(filter.peek())
  })
  const now = signal(clock.now())
  setInterval(() => {
    now.value = clock.now()
  }, 1_000)
  effect(() => {
    const waiting = live.attention.value?._meta.needs_you_count ?? 0
    document.title = waiting > 0 ? `(${waiting}) bus-mcp` : 'bus-mcp'
  })
  // What failed because the bus was away is no news any more when it is back.
  effect(() => {
    if (live.link.value.state === 'live' && operator.problem.peek().startsWith(NO_BUS)) operator.problem.value = ''
  })
  const go: Panel['go'] = (change) => {
    location.hash = formatRoute({ ...route.value, ...change })
  }
  return {
    ...{ live, feed, operator, clock, now, route, go },
    mayWrite: computed(() => mayWrite(live.attention.value, operator.secret.value)),
    draft: signal<Draft | undefined>(undefined),
    filterBy: (change) => go({ filter: { ...EVERYTHING, ...route.value.filter, from: 0, ...change } }),
  }
}

const root = document.getElementById('panel')
if (!root) throw new Error('the page has the element that the panel is shown in')
root.replaceChildren()
render(
  <PanelContext.Provider value={createPanel()}>
    <App />
  </PanelContext.Provider>,
  root,
)
