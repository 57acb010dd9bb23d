import { Button, Group, NativeSelect, Stack } from '@mantine/core'
import { useState } from 'react'
import { useMutation } from 'urql'

import { newIdempotencyKey } from '../app/client'
import type { RevocationReason } from '../gql/graphql'
import { ProblemView } from '../problems/ProblemView'
import { type Problem, problemOf, refusalOf } from '../problems/problem'
import { RevokeKeyMutation } from './queries'

const REASONS: readonly { readonly value: RevocationReason; readonly label: string }[] = [
  { value: 'LOST', label: 'It is lost' },
  { value: 'COMPROMISED', label: 'Somebody else may have used it' },
  { value: 'REPLACED', label: 'Another key takes its place' },
]

/** Ends a key for good, after the reason is said. */
export function RevokeButton({ keyId, onRevoked }: { keyId: string; onRevoked: () => void }) {
  const [{ fetching }, revoke] = useMutation(RevokeKeyMutation)
  const [asking, setAsking] = useState(false)
  const [reason, setReason] = useState<RevocationReason>('LOST')
  const [problem, setProblem] = useState<Problem>()

  const submit = async () => {
    const { data, error } = await revoke({ input: { idempotencyKey: newIdempotencyKey(), keyId, reason } })
    const refused = data?.revokeKey.userErrors.length
    if (error || refused) setProblem(error ? problemOf(error) : refusalOf(data?.revokeKey.userErrors))
    else onRevoked()
  }

  if (!asking) {
    return (
      <Button mt="sm" size="xs" variant="default" onClick={() => setAsking(true)}>
        Revoke
      </Button>
    )
  }
  return (
    <Stack mt="sm" gap="sm">
      {problem && <ProblemView problem={problem} />}
      <NativeSelect
        label="Why is it revoked?"
        data={[...REASONS]}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value as RevocationReason)}
      />
      <Group>
        <Button size="xs" color="red" loading={fetching} onClick={() => void submit()}>
          Revoke for good
        </Button>
        <Button size="xs" variant="default" onClick={() => setAsking(false)}>
          Keep it
        </Button>
      </Group>
    </Stack>
  )
}
