import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { DESKTOP, launch, picture, seriousViolations, signIn } from './browser'

const { SCF_URL = '', SCF_TASK_USER, SCF_TASK_PASSWORD = '' } = process.env

// It decides a task for good, so it runs only where somebody is named who has an open one.
describe.skipIf(!SCF_TASK_USER)('a person with an open match exception', () => {
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await launch()
    page = await browser.newPage(DESKTOP)
    page.setDefaultTimeout(20_000)
    await page.goto(`${SCF_URL}/tasks`)
    await signIn(page, SCF_TASK_USER ?? '', SCF_TASK_PASSWORD)
    await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor()
  })

  afterAll(async () => {
    await browser.close()
  })

  it('finds it in the inbox and claims it', async () => {
    await page.getByRole('link', { name: 'Review match exception' }).first().click()
    await page.getByRole('button', { name: 'Claim' }).click()
    await page.getByRole('button', { name: 'Complete' }).waitFor()
    expect(await page.getByTestId('task-state').textContent()).toBe('claimed')
    expect(await seriousViolations(page)).toEqual([])
  })

  it('is told what is missing before anything is sent', async () => {
    await page.getByRole('button', { name: 'Complete' }).click()
    expect(await page.getByText('This is required.').count()).toBeGreaterThan(0)
    expect(await seriousViolations(page)).toEqual([])
    await picture(page, 'task-form')
  })

  it('decides it with a reason, and the case goes on', async () => {
    await page.getByLabel(/^Accept/).check()
    await page.getByLabel(/^Reason/).fill('The receipt is short; what was received is financed.')
    await page.getByRole('button', { name: 'Complete' }).click()
    await page.getByText('Completed by').waitFor()
    await picture(page, 'task-completed')
    await page.locator('main a[href^="/cases/"]').click()
    const step = page.locator('button.step', { hasText: 'Review match exception' })
    await step.filter({ hasText: SCF_TASK_USER ?? '' }).waitFor()
    await step.click()
    await page.getByTestId('step-detail').getByText('completed').first().waitFor()
    expect(await page.getByTestId('step-detail').textContent()).toContain(SCF_TASK_USER)
    await picture(page, 'case-after-task')
  })
})
