import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useClient, useQuery } from 'urql'

import { Empty, Loaded } from '../app/Loaded'
import { StateBadge } from '../app/StateBadge'
import { actorText } from '../cases/steps'
import type { LedgerEntryQuery as LedgerEntryData } from '../gql/graphql'
import { ProblemView } from '../problems/ProblemView'
import type { Problem } from '../problems/problem'
import { formatInstant } from '../time/time'
import { saveFile } from './download'
import type { VerifiedEntry } from './entryProof'
import { fetchAndVerify } from './fetchAndVerify'
import { LedgerEntryQuery } from './queries'

type Entry = NonNullable<LedgerEntryData['ledgerEntry']>

/** A ledger entry, and its proof: fetched, checked in this browser, and saved as a file for anybody else to check. */
export function EntryCard({ entryId }: { entryId: string }) {
  const [result, reload] = useQuery({ query: LedgerEntryQuery, variables: { entryId } })
  return (
    <Loaded result={result} onRetry={reload}>
      {({ ledgerEntry }) =>
        ledgerEntry ? <EntryFacts entry={ledgerEntry} /> : <Empty>You may not see this ledger entry.</Empty>
      }
    </Loaded>
  )
}

function EntryFacts({ entry }: { entry: Entry }) {
  return (
    <Stack gap="sm" data-testid="entry">
      <Group gap="sm">
        <Title order={3} size="h5">
          Ledger entry {typeof entry.index === 'number' ? `#${entry.index}` : '(not yet in the log)'}
        </Title>
        <StateBadge state={entry.state} />
      </Group>
      <dl className="facts">
        <dt>Command</dt>
        <dd>
          {entry.kind} by {actorText(entry.actor)}
        </dd>
        <dt>Business time</dt>
        <dd>{formatInstant(entry.occurredAt)}</dd>
        <dt>Body hash</dt>
        <dd className="hash">{entry.bodyHash}</dd>
        <dt>Leaf hash</dt>
        <dd className="hash">{entry.leafHash ?? 'when it is in the log'}</dd>
        <dt>Signing key</dt>
        <dd className="hash">{entry.keyId}</dd>
        <dt>Who signed</dt>
        <dd data-testid="key-holder">
          {entry.keyHolder.told}
          {entry.keyHolder.heldBy === 'PERSON' && <span className="hash"> {entry.keyHolder.keyId}</span>}
        </dd>
      </dl>
      {entry.state === 'LOGGED' ? (
        <EntryProof entry={entry} />
      ) : (
        <Text size="sm" className="quiet">
          Signed and waiting for the sequencer; its proof exists once it is in the log.
        </Text>
      )}
    </Stack>
  )
}

function EntryProof({ entry }: { entry: Entry }) {
  const client = useClient()
  const [outcome, setOutcome] = useState<VerifiedEntry | Problem>()
  const [fetching, setFetching] = useState(false)

  const verify = async () => {
    setFetching(true)
    const { file, result } = await fetchAndVerify(client, entry)
    setOutcome(result)
    setFetching(false)
    if (file) saveFile(file.name, file.text)
  }

  return (
    <Stack gap="sm" aria-live="polite">
      <Group>
        <Button size="xs" loading={fetching} onClick={() => void verify()}>
          Download and verify proof
        </Button>
      </Group>
      {outcome && ('code' in outcome ? <ProblemView problem={outcome} /> : <ProofReport proof={outcome} />)}
    </Stack>
  )
}

function ProofReport({ proof: { checkpoint, index, keyId, logKey, signer } }: { proof: VerifiedEntry }) {
  return (
    <div className="panel" data-testid="proof-verified">
      <Text fw={650} size="sm">
        <StateBadge state="verified" tone="green" /> in this browser, from the file&#39;s bytes
      </Text>
      <ul className="checks">
        <li>The entry is signed by key {keyId.slice(0, 16)}… (ECDSA P-256).</li>
        {signer && (
          <li>
            The decision in it is signed by key {signer.keyId.slice(0, 16)}… of {actorText(signer.account)} (ECDSA P-256).
          </li>
        )}
        <li>
          It is entry {index} of the {checkpoint.size} in the log <b>{checkpoint.origin}</b> (RFC 6962 inclusion).
        </li>
        <li>The log signed that state (Ed25519 checkpoint).</li>
      </ul>
      <Text size="xs" className="quiet">
        The keys came with the file. To rely on them, compare the log key with the one that the operator published:{' '}
        <span className="hash">{logKey}</span>
      </Text>
    </div>
  )
}
