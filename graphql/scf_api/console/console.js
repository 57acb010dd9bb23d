const element = (id) => document.getElementById(id)
const answer = element('answer')

async function ask(query, variables) {
  const response = await fetch('/graphql', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  return response.json()
}

async function run() {
  answer.textContent = '…'
  try {
    const result = await ask(element('query').value, JSON.parse(element('variables').value || '{}'))
    answer.textContent = JSON.stringify(result, null, 2)
  } catch (error) {
    answer.textContent = String(error)
  }
}

async function showMe() {
  const { data } = await ask('{ me { name roles } }')
  element('me').textContent = data?.me ? `${data.me.name} (${data.me.roles.join(', ')})` : 'not logged in'
}

element('run').addEventListener('click', run)
element('query').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run()
})
element('login').addEventListener('submit', async (event) => {
  event.preventDefault()
  const input = { name: element('name').value, password: element('password').value }
  const query = 'mutation Login($input: LoginInput!) { login(input: $input) { userErrors { message hint } } }'
  const { data } = await ask(query, { input })
  const refusals = data?.login?.userErrors ?? []
  if (refusals.length > 0) {
    element('me').textContent = refusals.map((one) => `${one.message} ${one.hint ?? ''}`).join(' ')
  } else {
    element('password').value = ''
    await showMe()
  }
})
showMe()
