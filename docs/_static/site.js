// Small repairs of what the theme leaves to do for readers who use a keyboard or a screen reader.
(() => {
  'use strict';
  const name = (selector, label) => document.querySelector(selector)?.setAttribute('aria-label', label);
  name('aside.sidebar-drawer', 'Pages');
  name('aside.toc-drawer', 'On this page');
  name('aside.announcement-content', 'Announcement');

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
