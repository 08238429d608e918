/**
 * For the pages that come with Ehlo: what the address names after `#` or `?` fills in the form. It never connects by itself.
 * @module
 */

import { loadAhead } from './load.js'

const TEXTS = ['relay', 'host', 'port', 'security', 'from', 'to', 'hello', 'preset', 'practice', 'until', 'subject', 'theme']
const FLAGS = ['locked', 'compact']

const element = document.querySelector('smtp-conversation')
const given = new URLSearchParams([...new URLSearchParams(location.search), ...new URLSearchParams(location.hash.slice(1))])
for (const name of TEXTS) if (given.has(name)) element?.setAttribute(name, given.get(name) ?? '')
for (const name of FLAGS) if (given.has(name) && given.get(name) !== 'false') element?.setAttribute(name, '')

await import('../smtp-conversation.js')

// Whoever has opened Ehlo itself will use it. Whoever reads a page that shows it in a frame may never.
const whenIdle = () => (window.requestIdleCallback ?? setTimeout)(loadAhead)
if (!document.body.classList.contains('embedded')) {
  if (document.readyState === 'complete') whenIdle()
  else addEventListener('load', whenIdle, { once: true })
}
