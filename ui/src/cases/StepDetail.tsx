import { Group, NativeSelect, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'

import { EntryCard } from '../proof/EntryCard'
import { formatInstant } from '../time/time'
import { actorText, type ElementStep, entriesOf, eventText, typeText } from './steps'
import { StepMark } from './StepMark'

/** One step: its events, and the ledger entries that prove them. */
export function StepDetail({ step }: { step: ElementStep }) {
  const entries = entriesOf(step)
  const [chosen, choose] = useState<string>()
  const entryId = chosen ?? entries.at(-1)?.entryId
  return (
    <Stack gap="md" data-testid="step-detail">
      <Group gap="sm">
        <Title order={2} size="h4">
          {step.name}
        </Title>
        <StepMark step={step} />
        <Text size="sm" className="quiet">
          {typeText(step.type)}, element {step.element}
        </Text>
      </Group>
      <div className="step-columns">
        <ol className="events" aria-label="Events of the step">
          {step.events.map(({ seq, kind, actor, at }) => (
            <li key={seq}>
              <b>{eventText(kind)}</b> by {actorText(actor)}
              <br />
              <span className="quiet">{formatInstant(at)}</span>
            </li>
          ))}
        </ol>
        <div>
          {entries.length > 1 && (
            <NativeSelect
              label="Ledger entry of this step"
              size="xs"
              mb="sm"
              value={entryId}
              data={entries.map((entry) => ({
                value: entry.entryId,
                label: typeof entry.index === 'number' ? `#${entry.index}` : 'not yet in the log',
              }))}
              onChange={(event) => choose(event.currentTarget.value)}
            />
          )}
          {entryId !== undefined && <EntryCard key={entryId} entryId={entryId} />}
        </div>
      </div>
    </Stack>
  )
}
