/**
 * Breaking rules on purpose: the list of tests, what a sound server answers, and what this one did.
 * @module
 */

import { fill, h, setText } from './dom.js'

/** @import { Problem } from './settings.js' */
/** @import { Action, RuleTest, View } from './types.d.ts' */

/**
 * A test as the catalog describes it; see `core/src/probe/catalogue.rs`.
 * @typedef {{id: string, title: string, about: string, needs: string, expected: string, unsound: string}} Recipe
 */

const VERDICTS = { sound: ['good', '✓', 'Sound'], unsound: ['bad', '✗', 'Not sound'], unclear: ['plain', '?', 'Unclear'] }

// Asked once a visit.
let allowed = false

/** The dialog. */
export class RecipesDialog {
  #hooks
  /** @type {{id: string, run: HTMLButtonElement, result: HTMLElement, node: HTMLElement, key: string}[]} */
  #rows = []
  /** @type {View | null} */
  #view = null

  /** @param {{catalogue: {question: string, recipes: Recipe[]}, onact: (action: Action) => void, onshow: (entry: number) => void, onagain: () => void}} hooks `onact` throws what is wrong */
  constructor(hooks) {
    this.#hooks = hooks
    this.body = h('div', { class: 'stack' })
    this.problem = h('p', { class: 'problem', role: 'alert', hidden: true })
    this.status = h('p', { class: 'unseen', role: 'status' })
    this.again = h('button', { type: 'button', name: 'again', hidden: true, onclick: () => hooks.onagain() }, 'Connect again')
    this.node = h('dialog', { class: 'dialog panel wide', 'aria-label': 'Break rules on purpose' }, h('h3', null, 'Break rules on purpose'), this.body, this.problem, this.status,
      h('div', { class: 'actions panel-actions' }, this.again, h('button', { type: 'button', onclick: () => this.node.close() }, 'Close')))
    this.node.addEventListener('close', () => this.node.remove())
    this.#fill(hooks.catalogue)
  }

  /** @param {{question: string, recipes: Recipe[]}} catalogue */
  #fill({ question, recipes }) {
    if (!allowed) {
      const yes = h('button', { type: 'button', class: 'primary', name: 'allow-recipes', onclick: () => {
        allowed = true
        this.#list(recipes)
        this.#rows[0]?.run.focus()
      } }, 'It is my server, or I may')
      fill(this.body, h('p', { class: 'advice warning' }, question), h('div', { class: 'actions' }, yes))
    } else this.#list(recipes)
  }

  /** @param {Recipe[]} recipes */
  #list(recipes) {
    this.#rows = recipes.map((recipe) => {
      const run = h('button', { type: 'button', class: 'chip', 'data-recipe': recipe.id, 'aria-label': `Run: ${recipe.title}`, onclick: () => this.#run(recipe.id) }, 'Run')
      const result = h('div', { class: 'result' })
      const node = h('li', { class: 'recipe', 'data-recipe-row': recipe.id }, h('div', { class: 'recipe-head' }, h('h4', null, recipe.title), run), h('p', null, recipe.about),
        h('details', { class: 'inline' }, h('summary', null, 'What a sound server answers'), h('p', null, recipe.expected), h('p', null, `Otherwise: ${recipe.unsound}`), h('p', { class: 'hint' }, recipe.needs)), result)
      return { id: recipe.id, run, result, node, key: '' }
    })
    fill(this.body, h('ul', { class: 'recipes' }, this.#rows.map(({ node }) => node)))
    if (this.#view) this.show(this.#view)
  }

  /** @param {string} id */
  #run(id) {
    this.#complain(null)
    try {
      this.#hooks.onact({ do: 'allow', what: 'recipes' })
      this.#hooks.onact({ do: 'recipe', id })
    } catch (problem) {
      this.#complain(problem)
    }
  }

  /** @param {Problem | null} problem */
  #complain(problem) {
    this.problem.hidden = !problem
    setText(this.problem, problem?.message ?? '')
  }

  /** @param {View} view */
  show(view) {
    this.#view = view
    const over = view.turn === 'over'
    const busy = view.recipes.some(({ state }) => state === 'running')
    this.again.hidden = !over
    for (const row of this.#rows) {
      row.run.disabled = over || busy || !['you', 'message'].includes(view.turn)
      const seen = view.recipes.findLast(({ id }) => id === row.id)
      const key = JSON.stringify(seen ?? null)
      if (key === row.key) continue
      row.key = key
      fill(row.result, seen && this.#result(seen))
      if (seen?.verdict) setText(this.status, `${seen.title}: ${VERDICTS[seen.verdict][2]}. ${seen.sentence}`)
    }
  }

  /** @param {RuleTest} test */
  #result({ verdict, sentence, entries }) {
    const [tone, sign, word] = verdict ? VERDICTS[verdict] : ['plain', '…', 'Running']
    return [h('p', { class: 'recipe-verdict' }, h('span', { class: `sign ${tone}`, 'aria-hidden': 'true' }, sign), h('span', null, h('b', null, word), sentence && `. ${sentence}`)),
      verdict && h('button', { type: 'button', class: 'link', onclick: () => {
        this.node.close()
        this.#hooks.onshow(entries[0])
      } }, 'Show it in the transcript')]
  }
}
