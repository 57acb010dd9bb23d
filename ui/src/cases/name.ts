const UUID = /^([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** How people call a case: by its business key, of which eight digits are enough when it is a UUID. */
export const caseName = (businessKey: string): string => UUID.exec(businessKey)?.[1] ?? businessKey
