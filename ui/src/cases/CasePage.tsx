import './cases.css'

import { Group, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useQuery } from 'urql'

import { Empty, Loaded } from '../app/Loaded'
import { PageHead } from '../app/PageHead'
import { StateBadge } from '../app/StateBadge'
import { usePulse } from '../app/usePulse'
import type { CaseQuery as CaseData } from '../gql/graphql'
import { formatMoney } from '../money/money'
import { ProblemView } from '../problems/ProblemView'
import { problemOf } from '../problems/problem'
import { age, formatInstant } from '../time/time'
import { CaseAssets } from './CaseAssets'
import { CaseProcess } from './CaseProcess'
import { CaseTasks } from './CaseTasks'
import { JournalTable } from './JournalTable'
import { MatchExceptions } from './MatchExceptions'
import { CaseParties } from './CaseParties'
import { caseName } from './name'
import { pairLimits, partiesOf } from './parties'
import { CaseQuery } from './queries'
import { entryNumbers } from './steps'
import { useSteps } from './useSteps'

type Case = NonNullable<CaseData['case']>

interface Props {
  readonly caseId: string
  readonly element: string | undefined
  readonly onSelect: (element: string) => void
}

const ENDED = new Set(['completed', 'cancelled', 'failed'])
const SECONDS_BETWEEN_LOOKS = 4

/** One case: its process with what happened, who takes part, what was booked, and what waits for a person. */
export function CasePage({ caseId, element, onSelect }: Props) {
  const [result, reload] = useQuery({ query: CaseQuery, variables: { id: caseId } })
  const [look, setLook] = useState(0)
  const found = result.data?.case
  const steps = useSteps(caseId, found ? `${found.stateRoot}/${look}` : undefined)
  const awaitsLog = steps.data?.some(({ entry }) => entry?.state === 'PENDING') ?? false

  usePulse(found && (!ENDED.has(found.state) || awaitsLog) ? SECONDS_BETWEEN_LOOKS : undefined, () => {
    reload({ requestPolicy: 'network-only' })
    if (awaitsLog) setLook((number) => number + 1)
  })

  return (
    <Loaded result={result} onRetry={reload}>
      {({ case: shown, limits }) =>
        shown ? (
          <>
            <CaseHead shown={shown} />
            {steps.error && (
              <ProblemView problem={problemOf(steps.error)} onRetry={() => setLook((number) => number + 1)} />
            )}
            {shown.incidents.edges
              .filter(({ node }) => node.state === 'open')
              .map(({ node: { id, element: at, code, message } }) => (
                <ProblemView key={id} problem={{ code, message, where: at }} />
              ))}
            <CaseProcess shown={shown} events={steps.data} element={element} onSelect={onSelect} />
            <MatchExceptions invoices={shown.request?.invoices ?? []} />
            {shown.request && (
              <Section title="Parties, scores and limits">
                <CaseParties
                  parties={partiesOf(shown.request, limits.edges.map(({ node }) => node))}
                  pair={pairLimits(shown.request, limits.edges.map(({ node }) => node))}
                />
              </Section>
            )}
            <Section title="Tasks">
              <CaseTasks tasks={shown.tasks.edges.map(({ node }) => node)} now={shown.businessNow} />
            </Section>
            <Section title="Purchased receivables">
              <CaseAssets assets={shown.assets.edges.map(({ node }) => node)} />
            </Section>
            <Section title="Journal">
              <JournalTable
                journals={shown.journals.edges.map(({ node }) => node)}
                entryNumbers={entryNumbers(steps.data ?? [])}
              />
            </Section>
          </>
        ) : (
          <>
            <PageHead title="Case" />
            <Empty>
              There is no such case, or you may not see it. <Link to="/cases">All cases</Link>
            </Empty>
          </>
        )
      }
    </Loaded>
  )
}

function CaseHead({ shown }: { shown: Case }) {
  const { businessKey, product, state, request, definition, startedAt, endedAt, businessNow } = shown
  return (
    <div>
      <PageHead title={`Case ${caseName(businessKey)}`}>
        <Group gap="xs">
          <span data-testid="case-state">
            <StateBadge state={state} />
          </span>
        </Group>
      </PageHead>
      {request && (
        <Text fw={600}>
          {request.sellerName} sells receivables of {formatMoney(request.face)} on {request.buyerName}
        </Text>
      )}
      <Text size="sm" className="quiet">
        {definition ? `${definition.name} (${definition.key}, version ${definition.version})` : product} · started{' '}
        {formatInstant(startedAt)} ·{' '}
        {endedAt ? `ended after ${age(startedAt, endedAt)}` : `business time ${formatInstant(businessNow)}`}
      </Text>
    </div>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack component="section" gap="xs" aria-label={title}>
      <Title order={2} size="h4">
        {title}
      </Title>
      {children}
    </Stack>
  )
}
