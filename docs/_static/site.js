// Small repairs of what the theme leaves to do for readers who use a keyboard or a screen reader.
(() => {
  'use strict';
  const name = (selector, label) => document.querySelector(selector)?.setAttribute('aria-label', label);
  name('aside.sidebar-drawer', 'Pages');
  name('aside.toc-drawer', 'On this page');
  name('aside.announcement-content', 'Announcement');

  // A switch between versions of the site, folders beside each other: versions.json above them is
  // [{"name": "stable", "folder": "stable"}, {"name": "dev", "folder": "dev"}].
  const versions = document.querySelector('.site-versions');
  if (versions && location.protocol !== 'file:') {
    const above = new URL('../', new URL(versions.dataset.root || './', location.href));
    const select = versions.querySelector('select');
    const show = (list) => {
      for (const { name: label, folder } of list) {
        const own = folder === versions.dataset.version;
        select.append(new Option(label, new URL(`${folder}/`, above).href, own, own));
      }
      versions.hidden = list.length < 2;
    };
    select.addEventListener('change', async () => {
      const page = `${select.value}${versions.dataset.page}.html`; // the same page, where it has one
      const found = await fetch(page, { method: 'HEAD' }).then((answer) => answer.ok, () => false);
      location.href = found ? page : select.value;
    });
    fetch(new URL('versions.json', above)).then((answer) => (answer.ok ? answer.json() : [])).then(show, () => {});
  }

  // Whatever scrolls sideways must be reachable, and only that.
  const boxes = [...document.querySelectorAll('pre, div.math, .table-wrapper')];
  const reach = () => {
    const scrolls = boxes.map((box) => box.scrollWidth > box.clientWidth + 1); // read all, then write
    for (const [i, box] of boxes.entries()) {
      if (scrolls[i]) {
        box.tabIndex = 0;
        box.setAttribute('role', 'group');
        box.setAttribute('aria-label', box.matches('pre') ? 'Code' : box.matches('.math') ? 'Equation' : 'Table');
      } else if (box.hasAttribute('tabindex')) {
        for (const attribute of ['tabindex', 'role', 'aria-label']) box.removeAttribute(attribute);
      }
    }
  };
  reach();
  addEventListener('resize', reach);
})();
