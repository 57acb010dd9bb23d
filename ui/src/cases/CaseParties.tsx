import { Group, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'

import { StateBadge } from '../app/StateBadge'
import { formatMoney, formatShare } from '../money/money'
import { RaiseList } from '../scores/RaiseList'
import { formatDate, formatInstant } from '../time/time'
import type { CaseParty, Limit, Score } from './parties'

export function CaseParties({ parties, pair }: { parties: readonly CaseParty[]; pair: readonly Limit[] }) {
  return (
    <div className="party-cards">
      {parties.map((party) => (
        <Stack key={party.role} gap="sm" className="panel" data-testid={`party-${party.role.toLowerCase()}`}>
          <div>
            <Text size="sm" className="quiet">
              {party.role}
            </Text>
            <Title order={3} size="h5">
              {party.name}
            </Title>
            <Text size="sm" className="quiet">
              {[party.identifier, party.place].filter(Boolean).join(' · ')}
            </Text>
          </div>
          {party.score ? <ScoreFacts score={party.score} /> : <Text size="sm">No score yet, or none that you may see.</Text>}
          <LimitList limits={party.limits} />
        </Stack>
      ))}
      {pair.length > 0 && (
        <Stack gap="sm" className="panel">
          <Title order={3} size="h5">
            Seller and buyer together
          </Title>
          <LimitList limits={pair} />
        </Stack>
      )}
    </div>
  )
}

function ScoreFacts({ score: { id, points, grade, pd, synthetic, reasons } }: { score: Score }) {
  return (
    <div>
      <Group gap="sm" align="baseline">
        <span className="score">{points}</span>
        <Text size="sm">
          grade {grade}, probability of default {formatShare(pd)}
        </Text>
        {synthetic && <StateBadge state="card trained on simulated data" tone="amber" />}
      </Group>
      <details>
        <summary>Why</summary>
        <ul className="checks">
          {reasons.map(({ feature, bin, points: share, message }) => (
            <li key={feature}>
              {message || feature} <span className="quiet">({bin}: {share} points)</span>
            </li>
          ))}
        </ul>
      </details>
      <Link to="/scores/$runId" params={{ runId: id }}>
        Sources of its figures, and what if
      </Link>
    </div>
  )
}

function LimitList({ limits }: { limits: readonly Limit[] }) {
  if (limits.length === 0) return <Text size="sm">No limit yet, or none that you may see.</Text>
  return limits.map(({ id, scope, state, amount, reserved, utilised, headroom, bindingCap, ...more }) => (
    <div key={id}>
      <Group gap="xs" mb={4}>
        <Text size="sm" fw={600}>
          {scope.toLowerCase()} limit {formatMoney(amount)}
        </Text>
        <StateBadge state={state} />
        {more.onHoldSince && <StateBadge state={`on hold since ${formatInstant(more.onHoldSince)}`} tone="red" />}
      </Group>
      <dl className="facts">
        <dt>Headroom</dt>
        <dd>{formatMoney(headroom)}</dd>
        <dt>Reserved, utilised</dt>
        <dd>
          {formatMoney(reserved)}, {formatMoney(utilised)}
        </dd>
        {bindingCap && (
          <>
            <dt>Bound by</dt>
            <dd>{bindingCap.replaceAll('_', ' ')}</dd>
          </>
        )}
        {more.reviewOn && (
          <>
            <dt>Review</dt>
            <dd>{formatDate(more.reviewOn)}</dd>
          </>
        )}
        {more.needsSecondPerson && (
          <>
            <dt>To grant it</dt>
            <dd>two people</dd>
          </>
        )}
        {more.raises && (
          <>
            <dt>What would raise it</dt>
            <dd>
              <RaiseList raises={more.raises} />
            </dd>
          </>
        )}
      </dl>
    </div>
  ))
}
