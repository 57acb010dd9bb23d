import { Button, Container, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { type FormEvent, useEffect, useState } from 'react'
import { useMutation } from 'urql'

import { ProblemView } from '../problems/ProblemView'
import { type Problem, problemOf, refusalOf } from '../problems/problem'
import { LoginMutation } from './queries'

/** Sign-in with a local account. */
export function SignInPage({ onSignedIn }: { onSignedIn: () => void }) {
  const [{ fetching }, login] = useMutation(LoginMutation)
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    document.title = 'Sign in · SCF'
  }, [])

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const { data, error } = await login({
      input: { name: String(fields.get('name')), password: String(fields.get('password')) },
    })
    if (data?.login.me) onSignedIn()
    else setProblem(error ? problemOf(error) : refusalOf(data?.login.userErrors))
  }

  return (
    <Container component="main" size={400} py={80}>
      <Title order={1} size="h2" className="brand" mb={4}>
        <img src="/favicon.svg" alt="" width={34} height={34} />
        SCF
      </Title>
      <Text className="quiet" mb="lg">
        Supply chain finance, each step signed.
      </Text>
      <Paper withBorder p="lg" radius="md" component="form" onSubmit={(event) => void submit(event)}>
        <Stack>
          <TextInput name="name" label="Name" autoComplete="username" autoCapitalize="none" required />
          <PasswordInput name="password" label="Password" autoComplete="current-password" required />
          {problem && <ProblemView problem={problem} />}
          <Button type="submit" loading={fetching}>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </Container>
  )
}
