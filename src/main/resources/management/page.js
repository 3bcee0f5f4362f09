'use strict'
// Shows what /status, /q/health, /q/metrics and /dead-letters answer, as text: nothing of it becomes HTML.

const PERIOD_MILLIS = 5000
const PAGE_SIZE = 50
// without the credentials that a URL may contain
const BASE = location.origin + location.pathname

const byId = id => document.getElementById(id)
let after = 0
let next = null
let shown = ''
let opened = null

function element(name, properties, ...children) {
  const created = Object.assign(document.createElement(name), properties)
  created.append(...children)
  return created
}

async function call(path, method = 'GET') {
  const response = await fetch(BASE + path, { method, headers: { 'X-Requested-By': 'page' } })
  const text = await response.text()
  const isJson = (response.headers.get('Content-Type') ?? '').includes('json')
  const body = isJson && text ? JSON.parse(text) : text
  return { ok: response.ok, body, problem: body.detail ?? `${method} /${path} is answered ${response.status}` }
}

async function read(path) {
  const answer = await call(path)
  if (!answer.ok) {
    throw new Error(answer.problem)
  }
  return answer.body
}

function say(text, isBad = false) {
  byId('message').textContent = text
  byId('message').className = isBad ? 'bad' : ''
}

const number = value => Number(value ?? 0).toLocaleString('en')
const time = iso => iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z')

function age(seconds) {
  const unit = [[86400, 'd'], [3600, 'h'], [60, 'min']].find(([length]) => seconds >= 2 * length) ?? [1, 's']
  return Math.round(seconds / unit[0]) + ' ' + unit[1]
}

function size(bytes) {
  const unit = [[2 ** 30, 'GB'], [2 ** 20, 'MB'], [2 ** 10, 'KB']].find(([length]) => bytes >= length) ?? [1, 'bytes']
  return Math.round(bytes / unit[0] * 10) / 10 + ' ' + unit[1]
}

function row(labels, ...cells) {
  return element('tr', {}, ...cells.map((cell, i) => {
    const created = element(i === 0 ? 'th' : 'td', i === 0 ? { scope: 'row' } : {}, element('span', {}, cell))
    created.dataset.label = labels[i]
    return created
  }))
}

function definitions(id, entries) {
  const list = entries.length ? entries : [['none', '']]
  byId(id).replaceChildren(...list.flatMap(([name, value]) =>
    [element('dt', {}, name), element('dd', {}, String(value))]))
}

/** The metrics in Prometheus' text format: a function that returns the value of a series. */
function metrics(text) {
  const values = new Map(text.split('\n').filter(line => line && !line.startsWith('#'))
    .map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
  return (name, lane) => values.get(lane === undefined ? name : `${name}{lane="${lane}"}`)
}

/** The sums of the counts of the last hour, by the value of a label. */
function counted(counts, name, label, labels = {}) {
  const sums = new Map()
  for (const count of counts) {
    if (count.name === name && Object.entries(labels).every(([key, value]) => count.labels[key] === value)) {
      const key = label ? count.labels[label] : name
      sums.set(key, (sums.get(key) ?? 0) + count.count)
    }
  }
  return [...sums].sort((a, b) => b[1] - a[1])
}

const total = sums => sums.reduce((sum, [, count]) => sum + count, 0)

function showLanes(health, metric, counts) {
  const checks = health.checks ?? []
  const circuits = checks.find(check => check.name === 'delivery')?.data ?? {}
  const store = checks.find(check => check.name === 'outbox' || check.name === 'kafka')
  const { reason, ...lanes } = store?.data ?? {}
  byId('ready').textContent = health.status === 'UP' ? 'Ready' : 'Not ready' + (reason ? ': ' + reason : '')
  byId('ready').className = health.status === 'UP' ? 'good' : 'bad'
  byId('lanes').replaceChildren(...Object.keys(lanes).sort().reverse().map(lane => {
    const bytes = metric('bridge_pending_bytes', lane)
    const rate = metric('bridge_delivery_rate_limit', lane)
    const isOpen = metric('bridge_circuit_open', lane) === 1
    return row(['Lane', 'Pending', 'Oldest', 'Rate limit', 'Delivered', 'Failed requests', 'Circuit'], lane,
      number(lanes[lane]) + (bytes > 0 ? ' (' + size(bytes) + ')' : ''),
      age(metric('bridge_pending_oldest_age_seconds', lane) ?? 0),
      rate === undefined ? 'not used yet' : Math.round(rate) + '/s',
      number(total(counted(counts, 'bridge.delivered.events', 'group', { lane }))),
      number(total(counted(counts, 'bridge.delivery.failures', 'reason', { lane }))),
      element('span', { className: isOpen ? 'bad' : 'good' },
        isOpen ? 'open: ' + (circuits[lane] ?? 'half-open').replace(/\.\d+Z/, 'Z') : 'closed'))
  }))
}

function showCounts(status) {
  const { counts } = status
  const by = (name, label, prefix = '') =>
    counted(counts, name, label).map(([key, count]) => [prefix + key, number(count)])
  byId('since').textContent = 'Since ' + time(status.since)
  definitions('received', by('bridge.events.received', 'result'))
  definitions('delivered', by('bridge.delivered.events', 'group'))
  definitions('failed', by('bridge.delivery.failures', 'reason'))
  definitions('kept', [...by('bridge.dead.letters', 'reason', 'kept: '),
    ...by('bridge.dead.letters.replayed', 'result', 'replay: '),
    ...counted(counts, 'bridge.dead.letters.evicted').map(([, count]) => ['evicted', number(count)])])
}

function showSettings(settings) {
  byId('settings').replaceChildren(...settings.map(({ name, value, isDefault }) => {
    const created = row(['Variable', 'Value'], name.toUpperCase().replace(/[^A-Z0-9]/g, '_'), value)
    created.lastChild.className = isDefault ? '' : 'changed'
    return created
  }))
}

function selection() {
  const parameters = new URLSearchParams()
  for (const [name, value] of new FormData(byId('filter'))) {
    if (value) {
      parameters.set(name, name === 'from' || name === 'to' ? new Date(value).toISOString() : value)
    }
  }
  return parameters
}

const withParameters = (path, parameters, more = {}) =>
  path + '?' + new URLSearchParams([...parameters, ...Object.entries(more)])

async function showLetters() {
  const parameters = selection()
  const page = await read(withParameters('dead-letters', parameters, { after, limit: PAGE_SIZE }))
  byId('export').href = BASE + withParameters('dead-letters/export', parameters)
  next = page.next ?? null
  byId('next').hidden = next === null
  byId('first').hidden = after === 0
  byId('none').hidden = page.deadLetters.length > 0
  if (JSON.stringify(page) === shown) {
    return
  }
  shown = JSON.stringify(page)
  const focused = document.activeElement?.id
  byId('letters').replaceChildren(...page.deadLetters.map(letter => row(
    ['ID', 'Reason', 'Event type', 'Lane', 'Last kept', 'Attempts', 'Why', 'Actions'],
    String(letter.id), letter.reason, letter.eventType ?? '', letter.lane ?? '', time(letter.last),
    number(letter.attempts), letter.detail ?? '',
    element('span', { className: 'actions' },
      action('open', 'Open', letter.id, open), action('replay', 'Replay', letter.id, replay),
      action('discard', 'Discard…', letter.id, discard)))))
  if (focused?.match(/^(open|replay|discard)-\d+$/)) {
    (byId(focused) ?? byId('letters-heading')).focus()
  }
}

function action(name, text, id, handler) {
  return element('button', { type: 'button', id: `${name}-${id}`, ariaLabel: `${text} dead letter ${id}`,
    className: name === 'discard' ? 'danger' : '', onclick: () => guarded(() => handler(id)) }, text)
}

/** Indents JSON without reading its numbers, which JavaScript would round. */
function indented(text) {
  try {
    JSON.parse(text)
  } catch {
    return text
  }
  let depth = 0
  const line = () => '\n' + '  '.repeat(depth)
  return text.replace(/"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|\s+/g, token => {
    switch (token[0]) {
      case '{': case '[': return token.length > 1 ? token : (depth++, token + line())
      case '}': case ']': return depth--, line() + token
      case ',': return token + line()
      case ':': return ': '
      case '"': return token
      default: return ''
    }
  })
}

async function open(id) {
  const { body, bodyBase64, ...fields } = await read('dead-letters/' + id)
  opened = id
  byId('letter-heading').textContent = 'Dead letter ' + id
  definitions('letter-fields', Object.entries(fields))
  byId('letter-body').textContent = body === undefined ? 'Base64: ' + bodyBase64 : indented(body)
  byId('letter').showModal()
}

async function replay(id) {
  const answer = await call(`dead-letters/${id}/replay`, 'POST')
  byId('letter').close()
  say(answer.ok ? `Dead letter ${id} is replayed.` : `Dead letter ${id}: ${answer.problem}`, !answer.ok)
  await showLetters()
}

async function discard(id) {
  if (await confirmed(`Discard dead letter ${id}? Its event is deleted.`, 'Discard')) {
    const answer = await call('dead-letters/' + id, 'DELETE')
    byId('letter').close()
    say(answer.ok ? `Dead letter ${id} is discarded.` : answer.problem, !answer.ok)
    await showLetters()
  }
}

/** Changes the selected dead letters, once their number is confirmed. */
async function changeAll(verb, method, path) {
  const parameters = selection()
  let count = 0
  for (let page = {}; page !== null; page = page.next ? page : null) {
    page = await read(withParameters('dead-letters', parameters, { after: page.next ?? 0, limit: 1000 }))
    count += page.deadLetters.length
  }
  const filter = [...parameters].map(([name, value]) => `${name} ${value}`).join(', ') || 'no filter'
  if (count === 0) {
    say('There are no dead letters in this selection.')
  } else if (await confirmed(`${verb} ${number(count)} dead letters (${filter})?`, `${verb} ${number(count)}`)) {
    const answer = await call(withParameters(path, parameters, parameters.size ? {} : { all: true }), method)
    const counts = answer.body.detail ? answer.problem
      : Object.entries(answer.body).map(([name, value]) => `${name} ${value}`).join(', ')
    say(`${verb}: ${counts}`, !answer.ok)
    await showLetters()
  }
}

function confirmed(question, verb) {
  byId('question').textContent = question
  byId('yes').textContent = verb
  byId('confirm').returnValue = ''
  byId('confirm').showModal()
  return new Promise(resolve => byId('confirm').addEventListener('close',
    () => resolve(byId('confirm').returnValue === 'yes'), { once: true }))
}

async function guarded(task) {
  try {
    await task()
  } catch (failure) {
    say(failure.message, true)
  }
}

async function refresh() {
  try {
    const [status, health, text] =
      await Promise.all([read('status'), call('q/health/ready'), read('q/metrics')])
    const metric = metrics(text)
    byId('version').textContent = `Version ${status.version} on ${status.host}`
    byId('letters-heading').textContent = `Dead letters (${number(metric('bridge_dead_letters_kept'))})`
    showLanes(health.body, metric, status.counts)
    showCounts(status)
    showSettings(status.settings)
    await showLetters()
    if (byId('message').dataset.lost) {
      delete byId('message').dataset.lost
      say('')
    }
  } catch (failure) {
    byId('message').dataset.lost = 'true'
    say('The data is out of date: ' + failure.message, true)
  }
  setTimeout(() => document.hidden
    ? document.addEventListener('visibilitychange', refresh, { once: true })
    : refresh(), PERIOD_MILLIS)
}

const onClick = (id, handler) => byId(id).addEventListener('click', () => guarded(handler))

function showFrom(id) {
  after = id
  return showLetters()
}

byId('filter').addEventListener('submit', submitted => {
  submitted.preventDefault()
  guarded(() => showFrom(0))
})
// the fields are empty only after the event
byId('filter').addEventListener('reset', () => setTimeout(() => guarded(() => showFrom(0))))
onClick('first', () => showFrom(0))
onClick('next', () => showFrom(next))
onClick('replay-all', () => changeAll('Replay', 'POST', 'dead-letters/replay'))
onClick('discard-all', () => changeAll('Discard', 'DELETE', 'dead-letters'))
onClick('letter-close', () => byId('letter').close())
onClick('letter-replay', () => replay(opened))
onClick('letter-discard', () => discard(opened))
onClick('no', () => byId('confirm').close())
onClick('yes', () => byId('confirm').close('yes'))
refresh()
