import { AppShell, Burger, Button, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Link, Outlet } from '@tanstack/react-router'

import { seesAlerts } from '../alerts/roles'
import { useSession } from '../session/session'
import classes from './Shell.module.css'

const PAGES = [
  { to: '/cases', label: 'Cases' },
  { to: '/tasks', label: 'Tasks' },
  { to: '/orders', label: 'Orders' },
  { to: '/invoices', label: 'Invoices' },
  { to: '/assets', label: 'Assets' },
  { to: '/alerts', label: 'Alerts' },
  { to: '/key', label: 'My key' },
] as const

/** The frame of every page: where one is, who one is, and the way out. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure(false)
  const { me, signOut } = useSession()
  const links = PAGES.filter(({ to }) => to !== '/alerts' || seesAlerts(me.roles)).map(({ to, label }) => (
    <Link key={to} to={to} className={classes['link'] ?? ''} onClick={close}>
      {label}
    </Link>
  ))
  const apiLink = (
    <a href="/graphql" className={classes['link']}>
      API
    </a>
  )
  const person = (
    <>
      <Text size="sm" className="quiet" title={me.roles.join(', ')} data-testid="me">
        {me.name}
        {me.partyName === undefined ? '' : ` · ${me.partyName}`}
      </Text>
      <Button size="compact-sm" variant="default" onClick={signOut}>
        Sign out
      </Button>
    </>
  )
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 260, breakpoint: 'sm', collapsed: { desktop: true, mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header px="md">
        <a href="#content" className="skip-link">
          Skip to the content
        </a>
        <Group h="100%" gap="lg" wrap="nowrap">
          <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" aria-expanded={opened} />
          <Link to="/cases" className="brand">
            <img src="/favicon.svg" alt="" width={26} height={26} />
            SCF
          </Link>
          <Group component="nav" aria-label="Pages" gap={4} visibleFrom="sm" wrap="nowrap">
            {links}
            {apiLink}
          </Group>
          <Group ml="auto" gap="sm" wrap="nowrap" visibleFrom="sm">
            {person}
          </Group>
        </Group>
      </AppShell.Header>
      {opened && (
        <AppShell.Navbar p="md" aria-label="Menu" hiddenFrom="sm">
          {links}
          {apiLink}
          <Group mt="md" justify="space-between">
            {person}
          </Group>
        </AppShell.Navbar>
      )}
      <AppShell.Main id="content" tabIndex={-1}>
        <div className={classes['page']}>
          <Outlet />
        </div>
      </AppShell.Main>
    </AppShell>
  )
}
