import { Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'

export function NotFoundPage() {
  return (
    <>
      <Title order={1} size="h3">
        There is no such page
      </Title>
      <Text mt="sm">
        Look for it among the <Link to="/cases">cases</Link> or the <Link to="/tasks">tasks</Link>.
      </Text>
    </>
  )
}
