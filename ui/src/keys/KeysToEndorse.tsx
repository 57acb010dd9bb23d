import { Button, Checkbox, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useMutation, useQuery } from 'urql'

import { newIdempotencyKey } from '../app/client'
import { Empty, Loaded } from '../app/Loaded'
import { actorText } from '../cases/steps'
import type { KeysToEndorseQuery as KeysData } from '../gql/graphql'
import { ProblemView } from '../problems/ProblemView'
import { type Problem, problemOf, refusalOf } from '../problems/problem'
import { useSession } from '../session/session'
import { formatInstant } from '../time/time'
import { fingerprint } from './personKey'
import { EndorseKeyMutation, KeysToEndorseQuery } from './queries'

type Key = KeysData['keys']['edges'][number]['node']

const ENDORSING: ReadonlySet<string> = new Set(['operations', 'compliance', 'credit_officer_2'])

export const mayEndorse = (roles: readonly string[]): boolean => roles.some((role) => ENDORSING.has(role))

/** Keys of others that wait for a second person, who compares fingerprints with the holder. */
export function KeysToEndorse() {
  const { me } = useSession()
  const [result, reload] = useQuery({ query: KeysToEndorseQuery })
  const look = () => reload({ requestPolicy: 'network-only' })
  return (
    <section aria-label="Keys to endorse">
      <Title order={2} size="h4" mb="sm">
        Keys to endorse
      </Title>
      <Loaded result={result} onRetry={look}>
        {({ keys: { edges } }) => {
          const others = edges.map(({ node }) => node).filter(({ holder }) => holder !== `user:${me.name}`)
          if (others.length === 0) return <Empty>No key of somebody else waits for an endorsement.</Empty>
          return (
            <Stack>
              {others.map((key) => (
                <Endorse key={key.keyId} shown={key} onEndorsed={look} />
              ))}
            </Stack>
          )
        }}
      </Loaded>
    </section>
  )
}

function Endorse({ shown: { keyId, holder, registeredAt }, onEndorsed }: { shown: Key; onEndorsed: () => void }) {
  const [{ fetching }, endorse] = useMutation(EndorseKeyMutation)
  const [idempotencyKey] = useState(newIdempotencyKey)
  const [compared, setCompared] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const name = actorText(holder)

  const submit = async () => {
    const { data, error } = await endorse({ input: { idempotencyKey, keyId } })
    const refused = data?.endorseKey.userErrors.length
    if (error || refused) setProblem(error ? problemOf(error) : refusalOf(data?.endorseKey.userErrors))
    else onEndorsed()
  }

  return (
    <div className="panel" data-testid="key-to-endorse">
      <Text>
        <b>{name}</b>, registered {formatInstant(registeredAt)}
      </Text>
      <Text className="hash" my="xs">
        {fingerprint(keyId)}
      </Text>
      {problem && <ProblemView problem={problem} />}
      <Checkbox
        label={`I have compared this fingerprint with ${name}, in person or by a call.`}
        checked={compared}
        onChange={(event) => setCompared(event.currentTarget.checked)}
      />
      <Group mt="sm">
        <Button size="xs" disabled={!compared} loading={fetching} onClick={() => void submit()}>
          Endorse
        </Button>
      </Group>
    </div>
  )
}
