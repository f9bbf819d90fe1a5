import { Compose } from './compose.tsx'
import { LaneDialog } from './lane-dialog.tsx'
import { Lanes } from './lanes.tsx'
import { Messages } from './messages.tsx'
import { Needs } from './needs.tsx'
import { Problem, Replaced } from './notices.tsx'
import { usePanel } from './panel.ts'
import { Timeline } from './timeline.tsx'
import { TopLine } from './top-line.tsx'
import { Trust } from './trust.tsx'

export function App() {
  const { route } = usePanel()
  const { lane } = route.value
  return (
    <>
      <header class="top">
        <h1>bus-mcp</h1>
        <TopLine />
        <Trust />
      </header>
      {lane === undefined && <Problem />}
      <Replaced />
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
