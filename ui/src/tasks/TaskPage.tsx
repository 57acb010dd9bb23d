import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useMutation, useQuery } from 'urql'

import { newIdempotencyKey } from '../app/client'
import { Empty, Loaded } from '../app/Loaded'
import { PageHead } from '../app/PageHead'
import { StateBadge } from '../app/StateBadge'
import { usePulse } from '../app/usePulse'
import { caseName } from '../cases/name'
import type { TaskQuery as TaskData } from '../gql/graphql'
import { formatMoney } from '../money/money'
import { ProblemView } from '../problems/ProblemView'
import { type Problem, problemOf, refusalOf } from '../problems/problem'
import { useSession } from '../session/session'
import { formatInstant } from '../time/time'
import { dueText } from './due'
import { ClaimTaskMutation, TaskQuery } from './queries'
import { TaskForm } from './TaskForm'
import { ShownVariables } from './ShownVariables'

type Task = NonNullable<TaskData['task']>

const SECONDS_BETWEEN_LOOKS = 5

/** One task: what it is about, and what the person who is signed in can do with it. */
export function TaskPage({ taskId }: { taskId: string }) {
  const [result, reload] = useQuery({ query: TaskQuery, variables: { id: taskId } })
  const state = result.data?.task?.state
  const look = () => reload({ requestPolicy: 'network-only' })
  usePulse(state === 'open' || state === 'claimed' ? SECONDS_BETWEEN_LOOKS : undefined, look)
  return (
    <Loaded result={result} onRetry={reload}>
      {({ task }) =>
        task ? (
          <>
            <TaskHead task={task} />
            <div className="task-columns">
              <section className="panel" aria-label="Your part">
                <TaskAction task={task} onChanged={look} />
              </section>
              <section className="panel" aria-label="What the task shows">
                <Title order={2} size="h4" mb="sm">
                  What the task shows
                </Title>
                <ShownVariables variables={task.variables} />
              </section>
            </div>
          </>
        ) : (
          <>
            <PageHead title="Task" />
            <Empty>
              There is no such task, or you may not see it. <Link to="/tasks">All tasks</Link>
            </Empty>
          </>
        )
      }
    </Loaded>
  )
}

function TaskHead({ task: { name, state, due, case: shown } }: { task: Task }) {
  return (
    <div>
      <PageHead title={name}>
        <span data-testid="task-state">
          <StateBadge state={state} />
        </span>
      </PageHead>
      {shown && (
        <Text>
          Case{' '}
          <Link to="/cases/$caseId" params={{ caseId: shown.id }}>
            {caseName(shown.businessKey)}
          </Link>
          {shown.request &&
            `: ${shown.request.sellerName} → ${shown.request.buyerName}, ${formatMoney(shown.request.face)}`}
        </Text>
      )}
      {due && (
        <Text size="sm" className="quiet">
          {dueText(due, shown?.businessNow ?? due)}
        </Text>
      )}
    </div>
  )
}

function TaskAction({ task, onChanged }: { task: Task; onChanged: () => void }) {
  const { me } = useSession()
  const { state, assignee, candidateGroups, completedBy, completedAt } = task
  if (state === 'completed') {
    return (
      <Text>
        Completed by <b>{completedBy}</b>
        {completedAt && `, ${formatInstant(completedAt)}`}.
      </Text>
    )
  }
  if (state === 'cancelled') return <Text>The case went on without it.</Text>
  if (assignee === me.name) return <TaskForm task={task} onCompleted={onChanged} />
  if (assignee) {
    return (
      <Text>
        <b>{assignee}</b> has this task.
      </Text>
    )
  }
  return (
    <Stack>
      <Text>
        Waits for {candidateGroups.length > 0 ? candidateGroups.join(' or ') : 'somebody to take it'}.
      </Text>
      <ClaimButton taskId={task.id} onClaimed={onChanged} />
    </Stack>
  )
}

function ClaimButton({ taskId, onClaimed }: { taskId: string; onClaimed: () => void }) {
  const [{ fetching }, claim] = useMutation(ClaimTaskMutation)
  const [idempotencyKey] = useState(newIdempotencyKey)
  const [problem, setProblem] = useState<Problem>()

  const submit = async () => {
    const { data, error } = await claim({ input: { idempotencyKey, taskId } })
    const refused = data?.claimTask.userErrors.length
    if (error || refused) setProblem(error ? problemOf(error) : refusalOf(data?.claimTask.userErrors))
    else onClaimed()
  }

  return (
    <>
      {problem && <ProblemView problem={problem} />}
      <Group>
        <Button loading={fetching} onClick={() => void submit()}>
          Claim
        </Button>
      </Group>
    </>
  )
}
