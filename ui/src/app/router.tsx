import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router'

import { AlertsPage } from '../alerts/AlertsPage'
import { AssetsPage } from '../assets/AssetsPage'
import { CasePage } from '../cases/CasePage'
import { CasesPage } from '../cases/CasesPage'
import { InvoicesPage } from '../documents/InvoicesPage'
import { OrdersPage } from '../documents/OrdersPage'
import { KeyPage } from '../keys/KeyPage'
import { ScorePage } from '../scores/ScorePage'
import { TaskPage } from '../tasks/TaskPage'
import { TasksPage } from '../tasks/TasksPage'
import { BrokenPage } from './BrokenPage'
import { NotFoundPage } from './NotFoundPage'
import { Shell } from './Shell'

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage })

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/cases' })
  },
})
const cases = createRoute({ getParentRoute: () => root, path: '/cases', component: CasesPage })
const oneCase = createRoute({
  getParentRoute: () => root,
  path: '/cases/$caseId',
  component: function CaseRoute() {
    const { caseId } = oneCase.useParams()
    const { element } = oneCase.useSearch()
    const navigate = oneCase.useNavigate()
    return (
      <CasePage
        key={caseId}
        caseId={caseId}
        element={element}
        onSelect={(selected) => void navigate({ search: { element: selected }, replace: true, resetScroll: false })}
      />
    )
  },
  validateSearch: ({ element }: Record<string, unknown>): { element?: string } =>
    typeof element === 'string' ? { element } : {},
})
const tasks = createRoute({ getParentRoute: () => root, path: '/tasks', component: TasksPage })
const oneTask = createRoute({
  getParentRoute: () => root,
  path: '/tasks/$taskId',
  component: function TaskRoute() {
    const { taskId } = oneTask.useParams()
    return <TaskPage key={taskId} taskId={taskId} />
  },
})
const orders = createRoute({ getParentRoute: () => root, path: '/orders', component: OrdersPage })
const invoices = createRoute({ getParentRoute: () => root, path: '/invoices', component: InvoicesPage })
const assets = createRoute({ getParentRoute: () => root, path: '/assets', component: AssetsPage })
const alerts = createRoute({ getParentRoute: () => root, path: '/alerts', component: AlertsPage })
const score = createRoute({
  getParentRoute: () => root,
  path: '/scores/$runId',
  component: function ScoreRoute() {
    const { runId } = score.useParams()
    return <ScorePage key={runId} runId={runId} />
  },
})
const key = createRoute({ getParentRoute: () => root, path: '/key', component: KeyPage })

export const router = createRouter({
  routeTree: root.addChildren([home, cases, oneCase, tasks, oneTask, orders, invoices, assets, alerts, score, key]),
  defaultPreload: false,
  defaultErrorComponent: BrokenPage,
  scrollRestoration: true,
  // Ids are `Case:…`; the colon may stand in a path as it is.
  pathParamsAllowedCharacters: [':'],
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
