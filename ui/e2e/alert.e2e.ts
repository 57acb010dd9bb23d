import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { DESKTOP, launch, PHONE, picture, seriousViolations, signIn } from './browser'

const { SCF_URL = '', SCF_OFFICER, SCF_OFFICER_PASSWORD = '' } = process.env

// It judges an alert for good, so it runs only where an officer is named, and an alert is open.
describe.skipIf(!SCF_OFFICER)('a credit officer with an open alert', () => {
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await launch()
    page = await browser.newPage(DESKTOP)
    page.setDefaultTimeout(20_000)
    await page.goto(`${SCF_URL}/alerts`)
    await signIn(page, SCF_OFFICER ?? '', SCF_OFFICER_PASSWORD)
    await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor()
  })

  afterAll(async () => {
    await browser.close()
  })

  it('sees what is warned of, also on a phone', async () => {
    await page.getByRole('button', { name: /^It was false, / }).first().waitFor()
    expect(await seriousViolations(page)).toEqual([])
    await picture(page, 'alert-open')
    const phone = await browser.newContext({ ...PHONE, storageState: await page.context().storageState() })
    const screen = await phone.newPage()
    await screen.goto(`${SCF_URL}/alerts`)
    await screen.getByRole('button', { name: /^It was false, / }).first().waitFor()
    expect(await screen.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    expect(await seriousViolations(screen)).toEqual([])
    await picture(screen, 'alert-open-phone')
    await phone.close()
  })

  it('calls it false with a reason, which counts against its rule', async () => {
    await page.getByLabel(/^Why, /).first().fill('A bank holiday')
    await page.getByRole('button', { name: /^It was false, / }).first().click()
    await page.getByText('No alert waits for a verdict.').waitFor()
    await page.getByText('Were false', { exact: true }).first().click()
    await page.getByText('A bank holiday').waitFor()
    expect(await page.getByRole('table', { name: 'Alerts' }).textContent()).toContain(`False, says ${SCF_OFFICER}`)
    await page.reload()
    await page.getByRole('table', { name: 'Rules' }).getByText('100 %').waitFor()
    expect(await seriousViolations(page)).toEqual([])
    await picture(page, 'alert-judged')
  })
})
