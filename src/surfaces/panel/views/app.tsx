import { Compose } from './compose.tsx'
import { LaneDialog } from './lane-dialog.tsx'
import { Lanes } from './lanes.tsx'
import { Messages } from './messages.tsx'
import { Needs } from './needs.tsx'
import { usePanel } from './panel.ts'
import { Timeline } from './timeline.tsx'
import { TopLine } from './top-line.tsx'
import { Trust } from './trust.tsx'

export function App() {
  const { route, operator } = usePanel()
  const { lane } = route.value
  return (
    <>
      <header class="top">
        <h1>bus-mcp</h1>
        <TopLine />
        <Trust />
      </header>
      {operator.problem.value !== '' && (
        <p class="problem" role="alert">
          {operator.problem}{' '}
          <button
            type="button"
            onClick={() => {
              operator.problem.value = ''
            }}
          >
            Dismiss
          </button>
        </p>
      )}
      <main>
        <div class="column">
          <Needs />
          <Lanes />
          <Timeline />
        </div>
        <div class="column messages-column">
          <Compose />
          <Messages />
        </div>
      </main>
      {lane !== undefined && <LaneDialog key={lane} name={lane} />}
    </>
  )
}
