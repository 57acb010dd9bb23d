import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { DESKTOP, launch, PHONE, picture, seriousViolations, signIn } from './browser'

const {
  SCF_URL = '',
  SCF_KEY_USER = '',
  SCF_KEY_PASSWORD = '',
  SCF_ENDORSER = '',
  SCF_ENDORSER_PASSWORD = '',
  SCF_SIGNED_TASK = '',
} = process.env

// It registers keys and decides a task for good, so it runs only where people and a task are named.
describe.skipIf(!SCF_KEY_USER)('a person with a key of their own', () => {
  let browser: Browser
  let context: BrowserContext
  let page: Page
  const complaints: string[] = []

  async function signedIn(on: BrowserContext, path: string, name: string, password: string): Promise<Page> {
    const opened = await on.newPage()
    opened.setDefaultTimeout(20_000)
    opened.on('pageerror', (error) => complaints.push(error.message))
    await opened.goto(SCF_URL + path)
    await signIn(opened, name, password)
    await opened.getByTestId('me').waitFor()
    return opened
  }

  beforeAll(async () => {
    browser = await launch()
    context = await browser.newContext(DESKTOP)
    page = await signedIn(context, '/key', SCF_KEY_USER, SCF_KEY_PASSWORD)
  })

  afterAll(async () => {
    await browser.close()
  })

  it('makes it in the browser, where nobody can take it out', async () => {
    await page.getByRole('button', { name: 'Make a key in this browser' }).click()
    await page.getByText('waits for a second person').waitFor()
    await page.getByText('in this browser', { exact: true }).waitFor()
    const extractable = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const opening = indexedDB.open('scf-keys', 1)
          opening.addEventListener('success', () => {
            const all = opening.result.transaction('keys').objectStore('keys').getAll()
            all.addEventListener('success', () => resolve(all.result.map(({ privateKey }) => privateKey.extractable)))
          })
        }),
    )
    expect(extractable).toEqual([false])
    // Off the button, whose paler colour under the pointer is the theme's.
    await page.mouse.move(0, 0)
    expect(await seriousViolations(page)).toEqual([])
    await picture(page, 'key-registered')
  })

  it('has it endorsed by a second person, who compares the fingerprint', async () => {
    const fingerprint = await page.getByTestId('my-key').locator('.hash').first().textContent()
    const other = await signedIn(await browser.newContext(DESKTOP), '/key', SCF_ENDORSER, SCF_ENDORSER_PASSWORD)
    const card = other.getByTestId('key-to-endorse').filter({ hasText: SCF_KEY_USER })
    expect(await card.locator('.hash').textContent()).toBe(fingerprint)
    expect(await seriousViolations(other)).toEqual([])
    await card.getByRole('checkbox').check()
    await card.getByRole('button', { name: 'Endorse' }).click()
    await card.waitFor({ state: 'detached' })
    await page.reload()
    await page.getByTestId('my-key').getByText('valid', { exact: true }).waitFor()
  })

  it('sees exactly what is signed, signs it, and the entry says who signed', async () => {
    await page.goto(`${SCF_URL}/tasks/${SCF_SIGNED_TASK}`)
    await page.getByRole('button', { name: 'Claim' }).click()
    await page.getByLabel('Approve').check()
    await page.getByRole('button', { name: 'Review and sign' }).click()
    const text = (await page.getByLabel('The text that is signed').textContent()) ?? ''
    expect(text).toContain('scf-statement/v1')
    expect(text).toContain(SCF_SIGNED_TASK.replace('Task:', ''))
    expect(await seriousViolations(page)).toEqual([])
    await picture(page, 'key-to-sign')
    await page.getByRole('button', { name: 'Sign and complete' }).click()
    await page.getByText('Completed by').waitFor()
    await page.locator('main a[href^="/cases/"]').click()
    await page.locator('button.step', { hasText: 'Approve payment' }).click()
    const holder = page.getByTestId('key-holder').filter({ hasText: `The own key of ${SCF_KEY_USER} signed` })
    await holder.first().waitFor()
    await picture(page, 'key-holder')
  })

  it('fits a phone, and revokes the key', async () => {
    const phone = await browser.newContext({ ...PHONE, storageState: await context.storageState() })
    const screen = await phone.newPage()
    await screen.goto(`${SCF_URL}/key`)
    // A key stays in the browser that made it.
    await screen.getByText(/in another place/).waitFor()
    expect(await screen.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    await screen.getByRole('button', { name: 'Revoke' }).click()
    expect(await seriousViolations(screen)).toEqual([])
    await screen.getByRole('button', { name: 'Revoke for good' }).click()
    await screen.getByTestId('my-key').getByText('revoked', { exact: true }).waitFor()
  })

  it('meets no page that complains', () => {
    expect(complaints).toEqual([])
  })
})
