const JUDGING: ReadonlySet<string> = new Set(['credit_officer', 'credit_officer_2'])
const SEEING: ReadonlySet<string> = new Set([
  ...JUDGING,
  'credit_analyst',
  'operations',
  'treasury',
  'collections',
  'auditor',
  'compliance',
])

/** Who says whether an alert was true. */
export const mayJudge = (roles: readonly string[]): boolean => roles.some((role) => JUDGING.has(role))

/** Who sees scores sees alerts. */
export const seesAlerts = (roles: readonly string[]): boolean => roles.some((role) => SEEING.has(role))
