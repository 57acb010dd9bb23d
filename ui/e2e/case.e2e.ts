import { readFile } from 'node:fs/promises'

import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { verifyEntryProof } from '../src/proof/entryProof'
import { DESKTOP, launch, PHONE, picture, seriousViolations, signIn } from './browser'

const setting = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}

const URL = setting('SCF_URL').replace(/\/$/, '')

let casePath: string
let scorePath: string
let browser: Browser
let context: BrowserContext
let page: Page
const complaints: string[] = []

/** Signs in as whom SCF_USER names. */
async function signInAsUser(on: Page, password = setting('SCF_PASSWORD')): Promise<void> {
  await signIn(on, setting('SCF_USER'), password)
}

/** The page of the case that SCF_CASE names by its id or its business key. */
async function findCase(): Promise<string> {
  const wanted = setting('SCF_CASE').replace(/^Case:/, '')
  const answer = await page.evaluate(async () => {
    const query = '{ cases(first: 100) { edges { node { id businessKey } } } }'
    const headers = { 'content-type': 'application/json' }
    const response = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) })
    return (await response.json()) as { data: { cases: { edges: { node: { id: string; businessKey: string } }[] } } }
  })
  const found = answer.data.cases.edges.find(
    ({ node }) => node.id === `Case:${wanted}` || node.businessKey === wanted,
  )
  if (!found) throw new Error(`${setting('SCF_USER')} sees no case ${wanted} among the latest 100`)
  return `/cases/${found.node.id}`
}

beforeAll(async () => {
  browser = await launch()
  context = await browser.newContext(DESKTOP)
  page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
})

afterAll(async () => {
  await browser.close()
})

describe('signing in', () => {
  it('keeps the address that was asked for, and refuses a wrong password with its code', async () => {
    await page.goto(`${URL}/tasks`)
    await signInAsUser(page, 'not the password')
    await page.getByText('auth.wrong').waitFor()
    expect(await seriousViolations(page)).toEqual([])
    await picture(page, 'sign-in')
  })

  it('opens the page behind it', async () => {
    await signInAsUser(page)
    await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor()
    expect(page.url()).toBe(`${URL}/tasks`)
    casePath = await findCase()
  })
})

describe('the case', () => {
  it('is drawn with what happened, under the watermark of its drawing library', async () => {
    await page.goto(URL + casePath)
    await page.getByRole('heading', { level: 1, name: /^Case / }).waitFor()
    await page.locator('.diagram[data-state=drawn]').waitFor()
    expect(await page.locator('.djs-element.mark-done').count()).toBeGreaterThan(5)
    expect(await page.locator('.bjs-powered-by').isVisible()).toBe(true)
  })

  it('lists its steps, each selectable by keyboard and shown in the diagram', async () => {
    const steps = page.locator('button.step')
    await steps.first().waitFor()
    expect(await steps.count()).toBeGreaterThan(5)
    await steps.first().focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const element = await page.locator('button.step[aria-current]').getAttribute('data-element')
    expect(element).toBe(await steps.nth(1).getAttribute('data-element'))
    await page.locator(`.djs-element.selected[data-element-id="${element}"]`).waitFor({ state: 'attached' })
  })

  it('selects in the list what is clicked in the diagram', async () => {
    const first = (await page.locator('button.step').first().getAttribute('data-element')) ?? ''
    await page.getByRole('button', { name: 'Show the whole diagram' }).click()
    await page.locator(`.djs-shape[data-element-id="${first}"] .djs-hit`).first().click()
    await page.locator(`button.step[aria-current][data-element="${first}"]`).waitFor()
    expect(new globalThis.URL(page.url()).searchParams.get('element')).toBe(first)
  })

  it('proves a step: the ledger entry is downloaded and verified from its bytes', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download and verify proof' }).click(),
    ])
    await page.getByTestId('proof-verified').waitFor()
    const file = await readFile(await download.path(), 'utf8')
    const { index, checkpoint } = await verifyEntryProof(file)
    expect(await page.getByTestId('entry').getByRole('heading').textContent()).toContain(`#${index}`)
    expect(await page.getByTestId('proof-verified').textContent()).toContain(`entry ${index} of the ${checkpoint.size}`)
  })

  it('says so when the proof that arrives is not the log’s', async () => {
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes('query Proof')) return route.continue()
      const response = await route.fetch()
      const answer = (await response.json()) as { data: { proof: { text: string } } }
      answer.data.proof.text = answer.data.proof.text.replace(/index (\d+)/, (_, index) => `index ${Number(index) + 1}`)
      return route.fulfill({ response, json: answer })
    })
    await page.getByRole('button', { name: 'Download and verify proof' }).click()
    await page.getByText('merkle.inclusion').waitFor()
    expect(await page.getByTestId('proof-verified').count()).toBe(0)
    await page.unroute('**/graphql')
  })

  it('shows parties, tasks and the journal', async () => {
    await page.getByTestId('party-seller').waitFor()
    await page.getByTestId('party-buyer').waitFor()
    for (const section of ['Tasks', 'Purchased receivables', 'Journal']) {
      expect(await page.getByRole('region', { name: section, exact: true }).count()).toBe(1)
    }
    await picture(page, 'case')
  })
})

describe('a score', () => {
  it('leads to its sources, whose hash the browser computes', async () => {
    await page.getByTestId('party-seller').getByRole('link', { name: /^Sources of its figures/ }).click()
    await page.getByRole('heading', { level: 1, name: /^Score of / }).waitFor()
    scorePath = new globalThis.URL(page.url()).pathname
    await page.getByTestId('inputs-match').waitFor()
    expect(await page.getByRole('table', { name: 'Figures' }).getByText('/figures/equity_ratio').count()).toBe(1)
  })

  it('answers what another figure would do to score and limit', async () => {
    const form = page.getByRole('form', { name: 'Other figures' })
    await form.getByLabel('equity ratio').fill('-0.9')
    await form.getByLabel('net worth').fill('1000')
    await form.getByRole('button', { name: 'Ask' }).click()
    const answer = page.getByTestId('what-if-answer')
    await answer.waitFor()
    expect(await answer.textContent()).toContain('capacity')
    expect(await seriousViolations(page)).toEqual([])
    await picture(page, 'what-if')
    await form.getByLabel('equity ratio').fill('much')
    await form.getByRole('button', { name: 'Ask' }).click()
    await page.getByText('Where: equity_ratio').waitFor()
  })
})

describe('every page', () => {
  const pages = [
    ['cases', () => '/cases', 'Cases'],
    ['case', () => casePath, /^Case /],
    ['tasks', () => '/tasks', 'Tasks'],
    ['orders', () => '/orders', 'Orders'],
    ['invoices', () => '/invoices', 'Invoices'],
    ['assets', () => '/assets', 'Assets'],
    ['alerts', () => '/alerts', 'Alerts'],
    ['score', () => scorePath, /^Score of /],
    ['key', () => '/key', 'My key'],
  ] as const

  it.each(pages)('%s has no serious accessibility violation, by day and by night', async (name, path, heading) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.goto(URL + path())
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      await page.locator('[role=status][aria-label=Loading]').first().waitFor({ state: 'detached' })
      expect(await page.getByRole('alert').count()).toBe(0)
      expect(await seriousViolations(page)).toEqual([])
      await picture(page, `${name}-${colorScheme}`)
    }
  })

  it.each(pages)('%s fits a phone', async (name, path, heading) => {
    const phone = await browser.newContext({ ...PHONE, storageState: await context.storageState() })
    const screen = await phone.newPage()
    await screen.goto(URL + path())
    await screen.getByRole('heading', { level: 1, name: heading }).waitFor()
    await screen.locator('[role=status][aria-label=Loading]').first().waitFor({ state: 'detached' })
    expect(await screen.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    expect(await seriousViolations(screen)).toEqual([])
    await picture(screen, `${name}-phone`)
    await phone.close()
  })

  it('a case that is not there says so', async () => {
    await page.goto(`${URL}/cases/Case:00000000-0000-0000-0000-000000000000`)
    await page.getByText('There is no such case').waitFor()
    expect(await page.locator('.diagram').count()).toBe(0)
  })
})

describe('GraphiQL', () => {
  it('runs a query in the session of the application', async () => {
    await page.emulateMedia({ colorScheme: 'light' })
    await page.goto(`${URL}/graphql`)
    await page.locator('.graphiql-query-editor').filter({ hasText: 'businessKey' }).waitFor()
    await page.getByRole('button', { name: /^Execute query/ }).click()
    const answer = page.locator('.graphiql-response')
    await answer.filter({ hasText: '"businessKey"' }).waitFor()
    expect(await answer.textContent()).not.toContain('"errors"')
    await picture(page, 'graphiql')
  })
})

describe('at the end', () => {
  it('no page complained in the console', () => {
    expect(complaints).toEqual([])
  })

  it('signing out ends the session', async () => {
    await page.goto(`${URL}/cases`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await page.reload()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await page.getByRole('link', { name: 'Tasks' }).count()).toBe(0)
  })
})
