import { Alert, Button, Code, Group, Text } from '@mantine/core'

import type { Problem } from './problem'

/** A problem as the reader meets it: what happened, where, what to do next, and the code to look up. */
export function ProblemView({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  return (
    <Alert color="red" variant="outline" title={problem.message} role="alert" className="problem">
      {problem.where !== undefined && <Text size="sm">Where: {problem.where}</Text>}
      {problem.hint !== undefined && <Text size="sm">{problem.hint}</Text>}
      <Group mt="xs" gap="sm" align="center">
        <Code>{problem.code}</Code>
        {onRetry && (
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  )
}
