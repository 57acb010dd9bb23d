import { Button, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useQuery } from 'urql'

import { Loaded } from '../app/Loaded'
import { StateBadge } from '../app/StateBadge'
import type { WhatIfQuery as WhatIfData } from '../gql/graphql'
import { formatMoney, formatShare } from '../money/money'
import { formatDate } from '../time/time'
import { WhatIfQuery } from './queries'
import { RaiseList } from './RaiseList'
import { changedPoints, changesOf, figureName, LIMIT_FIGURES, signed, type Written } from './whatIf'

type Answer = NonNullable<WhatIfData['whatIf']>

/** Asks what score and limits would be with other figures. Nothing is stored. */
export function WhatIfForm({ runId }: { runId: string }) {
  const [now, reload] = useQuery({ query: WhatIfQuery, variables: { input: { scoreRunId: runId, figures: [] } } })
  return (
    <section aria-label="What if">
      <Title order={2} size="h4" mb="xs">
        What if
      </Title>
      <Loaded result={now} onRetry={reload}>
        {({ whatIf }) => whatIf && <Question runId={runId} now={whatIf} />}
      </Loaded>
    </section>
  )
}

function Question({ runId, now }: { runId: string; now: Answer }) {
  const [written, setWritten] = useState<Written>({})
  const [asked, setAsked] = useState<ReturnType<typeof changesOf>>()
  const [result, reload] = useQuery({
    query: WhatIfQuery,
    variables: { input: { scoreRunId: runId, figures: asked ?? [] } },
    pause: asked === undefined,
  })
  const scored = new Map(now.figures.map(({ name, value }) => [name, value ?? '']))

  const submit = (event: FormEvent) => {
    event.preventDefault()
    setAsked(changesOf(now.figures, written))
  }

  return (
    <Stack>
      <Text size="sm">
        What score and limits would be with other figures, by the card that is approved now. Nothing is stored. It is
        arithmetic and no advice.
      </Text>
      <form onSubmit={submit} aria-label="Other figures">
        <div className="figures">
          {[...scored.keys(), ...LIMIT_FIGURES].map((name) => (
            <TextInput
              key={name}
              name={name}
              label={figureName(name)}
              placeholder={scored.has(name) ? 'not known' : 'as it is'}
              value={written[name] ?? scored.get(name) ?? ''}
              onChange={({ currentTarget: { value } }) => setWritten((known) => ({ ...known, [name]: value }))}
            />
          ))}
        </div>
        <Group mt="sm">
          <Button type="submit" loading={result.fetching}>
            Ask
          </Button>
          <Button
            variant="default"
            onClick={() => {
              setWritten({})
              setAsked(undefined)
            }}
          >
            As it was scored
          </Button>
        </Group>
      </form>
      {asked === undefined ? (
        <Limits answer={now} />
      ) : (
        <Loaded result={result} onRetry={reload}>
          {({ whatIf }) => whatIf && <Told now={now} then={whatIf} />}
        </Loaded>
      )}
    </Stack>
  )
}

function Told({ now, then }: { now: Answer; then: Answer }) {
  const changed = changedPoints(now.reasons, then.reasons)
  return (
    <Stack role="status" aria-label="Answer" data-testid="what-if-answer">
      <div>
        <Text>
          <span className="score">{then.points}</span> points ({signed(then.points - now.points)}), grade {then.grade}, probability
          of default {formatShare(then.pd)}
        </Text>
        {changed.length === 0 ? (
          <Text size="sm">No feature gives other points.</Text>
        ) : (
          <ul className="checks">
            {changed.map(({ feature, bin, points, change }) => (
              <li key={feature}>
                {figureName(feature)} {bin}: {points} points ({signed(change)})
              </li>
            ))}
          </ul>
        )}
      </div>
      <Limits answer={then} />
    </Stack>
  )
}

function Limits({ answer: { limits } }: { answer: Answer }) {
  if (limits.length === 0) return <Text size="sm">The company has no limit and none is proposed.</Text>
  return (
    <div className="party-cards">
      {limits.map(({ scope, present, amount, bindingCap, reviewOn, needsSecondPerson, raises }) => (
        <div key={present?.id} className="panel">
          <Title order={3} size="h6">
            {scope.toLowerCase()} limit, {present?.partyName}
          </Title>
          <dl className="facts">
            <dt>Now</dt>
            <dd>
              {present ? formatMoney(present.amount) : '—'} {present && <StateBadge state={present.state} />}
            </dd>
            <dt>Would be proposed</dt>
            <dd>
              <b>{formatMoney(amount)}</b>
              {needsSecondPerson && ', for two people to grant'}
            </dd>
            <dt>Bound by</dt>
            <dd>{figureName(bindingCap)}</dd>
            <dt>Review</dt>
            <dd>{formatDate(reviewOn)}</dd>
            <dt>What would raise it</dt>
            <dd>
              <RaiseList raises={raises} />
            </dd>
          </dl>
        </div>
      ))}
    </div>
  )
}
