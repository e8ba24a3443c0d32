// Answers to a question become buttons; a choice says whether it is right, and is remembered here.
(() => {
  'use strict';
  const store = {
    // A reader may have forbidden pages to remember.
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, value); } catch { /* then not */ } },
  };

  document.querySelectorAll('.sw-guess').forEach((box, number) => {
    const question = box.querySelector('p');
    const list = box.querySelector('.sw-guess-offered');
    const answer = box.querySelector('.sw-guess-answer');
    const right = Number(box.dataset.right) - 1;
    // Another question at the same place is a new one.
    const key = `sw-guess ${location.pathname} ${question.textContent} ${list.textContent}`.replace(/\s+/g, ' ');
    question.id ||= `guess-${number + 1}`;
    list.setAttribute('aria-labelledby', question.id);
    const said = document.createElement('p');
    said.className = 'sw-guess-said';
    said.setAttribute('role', 'status');
    list.after(said);

    const buttons = [...list.children].map((item) => {
      const button = document.createElement('button');
      button.type = 'button';
      const words = item.querySelector('p') || item;
      button.append(...words.childNodes);
      item.replaceChildren(button);
      return button;
    });
    function choose(chosen) {
      buttons.forEach((button, at) => {
        button.setAttribute('aria-pressed', String(at === chosen));
        button.classList.toggle('sw-right', at === right);
        button.classList.toggle('sw-wrong', at === chosen && at !== right);
      });
      said.textContent = chosen === right ? 'That is right.' : 'Not so: see why.';
      answer.open = true;
    }
    buttons.forEach((button, at) => {
      button.setAttribute('aria-pressed', 'false');
      button.addEventListener('click', () => {
        choose(at);
        store.set(key, at);
      });
    });
    box.classList.add('sw-ready');
    const before = store.get(key);
    if (before !== null && buttons[before]) choose(Number(before));
  });
})();
