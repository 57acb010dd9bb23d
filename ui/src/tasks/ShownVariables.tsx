import { Text } from '@mantine/core'

import { shown, type Shown } from './shown'

export function ShownVariables({ variables }: { variables: unknown }) {
  const value = shown(variables)
  const isEmpty = value.kind === 'named' && value.entries.length === 0
  return isEmpty ? <Text className="quiet">Nothing beyond the case itself.</Text> : <ShownValue value={value} />
}

function ShownValue({ value }: { value: Shown }) {
  switch (value.kind) {
    case 'text':
      return value.text
    case 'list':
      return (
        <ul className="shown-list">
          {value.items.map((item, position) => (
            // oxlint-disable-next-line react/no-array-index-key -- the list comes whole and is never reordered
            <li key={position}>
              <ShownValue value={item} />
            </li>
          ))}
        </ul>
      )
    case 'named':
      return (
        <dl className="facts">
          {value.entries.map(([name, item]) => (
            <div key={name} className="fact">
              <dt>{name}</dt>
              <dd>
                <ShownValue value={item} />
              </dd>
            </div>
          ))}
        </dl>
      )
    default:
      return value satisfies never
  }
}
