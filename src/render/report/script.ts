/** Opens and closes everything at once, and opens it for printing. The page is whole without it. */
export const SCRIPT = `'use strict';
(() => {
  const folds = [...document.querySelectorAll('details')]
  const button = document.getElementById('fold')
  let open = false
  const set = (to) => {
    open = to
    for (const fold of folds) fold.open = to
    button.textContent = to ? 'close all' : 'open all'
  }
  if (folds.length > 0) button.hidden = false
  button.addEventListener('click', () => set(!open))
  addEventListener('beforeprint', () => set(true))
})()
`
