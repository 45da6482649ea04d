"use strict";
/* One tooltip for the page, shown on hover and on focus, closed by Escape. */
(() => {
  const { h, fill } = LOVT;
  const tip = h("div", { id: "tip", role: "tooltip", class: "tip", hidden: true });
  document.body.append(tip);
  /** @type {Element | null} */
  let owner = null;

  /** @param {Element} anchor @param {...any} content */
  const show = (anchor, ...content) => {
    hide();
    owner = anchor;
    fill(tip, ...content);
    tip.hidden = false;
    anchor.setAttribute("aria-describedby", "tip");
    const place = anchor.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    const left = Math.max(8, Math.min(place.left + place.width / 2 - size.width / 2, width - size.width - 8));
    const below = place.bottom + 8 + size.height < window.innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? place.bottom + 6 : Math.max(8, place.top - size.height - 6)}px`;
  };

  const hide = () => {
    owner?.removeAttribute("aria-describedby");
    owner = null;
    tip.hidden = true;
  };

  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  window.addEventListener("scroll", hide, { capture: true, passive: true });

  /**
   * Show a tip for whatever below `root` matches, by one set of listeners.
   * @param {HTMLElement} root @param {string} selector @param {(element: HTMLElement) => any} content null: no tip
   */
  const follow = (root, selector, content) => {
    /** @param {Event} event */
    const enter = (event) => {
      const element = /** @type {Element} */ (event.target).closest(selector);
      if (!(element instanceof HTMLElement) || element === owner) return;
      const shown = content(element);
      if (shown) show(element, shown);
      else hide();
    };
    /** @param {MouseEvent | FocusEvent} event */
    const leave = (event) => {
      if (owner && !owner.contains(/** @type {Node | null} */ (event.relatedTarget))) hide();
    };
    root.addEventListener("mouseover", enter);
    root.addEventListener("focusin", enter);
    root.addEventListener("mouseout", leave);
    root.addEventListener("focusout", leave);
  };

  LOVT.tip = { hide, follow };
})();
