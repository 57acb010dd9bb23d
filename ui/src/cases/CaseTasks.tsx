import { Link } from '@tanstack/react-router'

import { Empty } from '../app/Loaded'
import { type Column, RecordTable } from '../app/RecordTable'
import { StateBadge } from '../app/StateBadge'
import { formatInstant } from '../time/time'
import { dueText } from '../tasks/due'

interface Task {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly assignee?: string | null | undefined
  readonly candidateGroups: readonly string[]
  readonly due?: string | null | undefined
  readonly completedBy?: string | null | undefined
  readonly completedAt?: string | null | undefined
}

const columns = (now: string): readonly Column<Task>[] => [
  {
    title: 'Task',
    cell: ({ id, name }) => (
      <Link to="/tasks/$taskId" params={{ taskId: id }} className="record-link">
        {name}
      </Link>
    ),
  },
  { title: 'State', cell: ({ state }) => <StateBadge state={state} /> },
  {
    title: 'Who',
    cell: ({ completedBy, assignee, candidateGroups }) => completedBy ?? assignee ?? candidateGroups.join(', '),
  },
  {
    title: 'When',
    cell: ({ completedAt, due }) => (completedAt ? formatInstant(completedAt) : dueText(due, now)),
  },
]

export function CaseTasks({ tasks, now }: { tasks: readonly Task[]; now: string }) {
  if (tasks.length === 0) return <Empty>No task has come up.</Empty>
  return <RecordTable caption="Tasks of the case" columns={columns(now)} rows={tasks} rowKey={({ id }) => id} />
}
