import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useClient, useQuery } from 'urql'

import { Empty, Loaded } from '../app/Loaded'
import { PageHead } from '../app/PageHead'
import { StateBadge } from '../app/StateBadge'
import { actorText } from '../cases/steps'
import type { MyKeysQuery as MyKeysData } from '../gql/graphql'
import { ProblemView } from '../problems/ProblemView'
import type { Problem } from '../problems/problem'
import { useSession } from '../session/session'
import { formatInstant } from '../time/time'
import { enroll } from './enroll'
import { KeysToEndorse, mayEndorse } from './KeysToEndorse'
import { useKeyStore } from './keyStore'
import { fingerprint } from './personKey'
import { MyKeysQuery } from './queries'
import { RevokeButton } from './RevokeButton'
import { useHeldKeys } from './useHeldKeys'

type Key = MyKeysData['myKeys']['edges'][number]['node']

/** The keys of the person who is signed in, and those of others that wait for an endorsement. */
export function KeyPage() {
  const { me } = useSession()
  const [result, reload] = useQuery({ query: MyKeysQuery })
  const { held, look } = useHeldKeys()
  const changed = () => {
    look()
    reload({ requestPolicy: 'network-only' })
  }
  return (
    <>
      <PageHead title="My key" />
      <Stack gap="lg">
        <section className="panel" aria-label="What a key is for">
          <Text size="sm">
            With a key of your own you sign your decisions: the log then holds your signature, and not only the
            platform&#39;s word that you decided. The key is made in this browser, which gives its private half to nobody, as
            far as this platform can tell; the page that uses it is served by the platform. It is lost when the
            browser&#39;s data is cleared: register a second device instead of a backup.
          </Text>
          <MakeKey onMade={changed} />
        </section>
        <Loaded result={result} onRetry={changed}>
          {({ myKeys: { edges } }) =>
            edges.length === 0 ? (
              <Empty>You have not registered a key yet.</Empty>
            ) : (
              <section aria-label="Your keys">
                <Title order={2} size="h4" mb="sm">
                  Your keys
                </Title>
                <Stack>
                  {edges.map(({ node }) => (
                    <KeyFacts
                      key={node.keyId}
                      shown={node}
                      here={held?.some(({ keyId }) => keyId === node.keyId) ?? false}
                      onChanged={changed}
                    />
                  ))}
                </Stack>
              </section>
            )
          }
        </Loaded>
        {mayEndorse(me.roles) && <KeysToEndorse />}
      </Stack>
    </>
  )
}

function MakeKey({ onMade }: { onMade: () => void }) {
  const client = useClient()
  const store = useKeyStore()
  const { me } = useSession()
  const [making, setMaking] = useState(false)
  const [problem, setProblem] = useState<Problem>()

  const make = async () => {
    setMaking(true)
    setProblem(await enroll(client, store, me.name))
    setMaking(false)
    onMade()
  }

  return (
    <Stack mt="sm">
      {problem && <ProblemView problem={problem} />}
      <Group>
        <Button loading={making} onClick={() => void make()}>
          Make a key in this browser
        </Button>
      </Group>
    </Stack>
  )
}

function KeyFacts({ shown, here, onChanged }: { shown: Key; here: boolean; onChanged: () => void }) {
  const { keyId, state, protection, registeredAt, endorsedBy, validAt, revokedAt, revokedFor } = shown
  return (
    <div className="panel" data-testid="my-key">
      <Group gap="sm" mb="xs">
        <StateBadge state={state === 'REGISTERED' ? 'waits for a second person' : state} tone={TONES[state]} />
        <Text size="sm" className="quiet">
          {here ? 'in this browser' : `in another place (${protection.toLowerCase()})`}
        </Text>
      </Group>
      <dl className="facts">
        <dt>Fingerprint</dt>
        <dd className="hash">{fingerprint(keyId)}</dd>
        <dt>Registered</dt>
        <dd>{formatInstant(registeredAt)}</dd>
        {endorsedBy && validAt && (
          <>
            <dt>Endorsed</dt>
            <dd>
              {formatInstant(validAt)} by {actorText(endorsedBy)}
            </dd>
          </>
        )}
        {revokedAt && (
          <>
            <dt>Revoked</dt>
            <dd>
              {formatInstant(revokedAt)} ({revokedFor?.toLowerCase()})
            </dd>
          </>
        )}
      </dl>
      {state === 'REGISTERED' && (
        <Text size="sm" mt="xs">
          Read the fingerprint to somebody from operations or compliance, or to a second credit officer, who endorses it.
        </Text>
      )}
      {state !== 'REVOKED' && <RevokeButton keyId={keyId} onRevoked={onChanged} />}
    </div>
  )
}

const TONES = { REGISTERED: 'amber', VALID: 'green', REVOKED: 'grey' } as const
