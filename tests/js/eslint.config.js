/**
 * ESLint's recommended rules for the page's scripts and their tests. Whether a name exists is for `tsc` to say.
 * @module
 */

import js from '@eslint/js'

export default [
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-undef': 'off',
      'no-unused-vars': ['error', { args: 'after-used', argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // Characters that combine with others stand there on purpose, and escaped.
      'no-misleading-character-class': ['error', { allowEscape: true }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-eval': 'error',
      'no-script-url': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unmodified-loop-condition': 'error',
      'no-promise-executor-return': 'error',
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTMLUnsafe', 'srcdoc'].map((property) => ({ property, message: 'Text becomes a text node, never markup.' })),
        { object: 'document', property: 'write', message: 'Text becomes a text node, never markup.' },
      ],
    },
  },
]
