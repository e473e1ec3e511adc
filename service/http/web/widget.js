// <script src="https://faq.example.edu.vn/widget.js" data-set="default" async></script>
// Optional: data-key (an API key with the scope "ask"), data-title, data-side="left".
(() => {
  "use strict";
  const script = document.currentScript;
  const base = new URL(".", script.src);
  const title = script.dataset.title || "Hỏi đáp";
  const address = new URL("chat", base);
  if (script.dataset.set) address.searchParams.set("set", script.dataset.set);
  if (script.dataset.key) address.hash = `key=${encodeURIComponent(script.dataset.key)}`;

  const style = new CSSStyleSheet(); // works under the host page's own CSP, which <style> may not
  style.replaceSync(`
    :host { all: initial; }
    * { box-sizing: border-box; }
    .launcher, .panel { position: fixed; z-index: 2147483000; right: 20px; }
    .left.launcher, .left.panel { right: auto; left: 20px; }
    .launcher { bottom: 20px; display: flex; align-items: center; gap: 8px; height: 52px; padding: 0 20px 0 16px;
      border: 0; border-radius: 26px; background: #0b6b5d; color: #fff; cursor: pointer;
      font: 600 16px/1 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
      box-shadow: 0 4px 20px rgb(0 0 0 / 22%); }
    .launcher:hover { background: #084f45; }
    button:focus-visible { outline: 3px solid #fff; outline-offset: -5px; }
    .panel { bottom: 20px; display: flex; flex-direction: column; width: 390px; height: min(640px, calc(100dvh - 40px));
      overflow: hidden; border-radius: 18px; background: #0b6b5d; box-shadow: 0 12px 48px rgb(0 0 0 / 28%); }
    .panel[hidden], .launcher[hidden] { display: none; }
    .head { display: flex; align-items: center; justify-content: space-between; flex: none; height: 52px; padding: 0 8px 0 18px;
      color: #fff; font: 600 16px/1 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
    .close { width: 40px; height: 40px; border: 0; border-radius: 10px; background: none; color: #fff; cursor: pointer; }
    .close:hover { background: rgb(255 255 255 / 15%); }
    iframe { flex: 1; width: 100%; border: 0; background: #f7f6f3; }
    @media (prefers-color-scheme: dark) { iframe { background: #14181a; } }
    @media (max-width: 480px) { .panel, .left.panel { inset: 0; width: auto; height: auto; border-radius: 0; } }
  `);

  const svg = (path) => {
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("width", "24");
    icon.setAttribute("height", "24");
    icon.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(icon.namespaceURI, "path");
    for (const [name, value] of Object.entries({ d: path, fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" })) line.setAttribute(name, value);
    icon.append(line);
    return icon;
  };
  const make = (tag, className, ...children) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...children);
    return node;
  };

  const side = script.dataset.side === "left" ? " left" : "";
  const launcher = make("button", `launcher${side}`, svg("M4 5h16v11h-8l-4 3.500V16H4z"), title);
  launcher.type = "button";
  launcher.setAttribute("aria-expanded", "false");
  const close = make("button", "close", svg("M6 6l12 12M18 6 6 18"));
  close.type = "button";
  close.setAttribute("aria-label", "Đóng khung hỏi đáp");
  const panel = make("div", `panel${side}`, make("div", "head", make("span", "", title), close));
  panel.hidden = true;
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", title);

  let frame = null;
  const show = () => {
    if (!frame) {
      frame = make("iframe");
      frame.title = title;
      frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox");
      frame.src = address.href;
      frame.addEventListener("load", () => frame.focus());
      panel.append(frame);
    }
    panel.hidden = false;
    launcher.hidden = true;
    frame.focus();
  };
  const hide = () => {
    panel.hidden = true;
    launcher.hidden = false;
    launcher.focus();
  };
  launcher.addEventListener("click", show);
  close.addEventListener("click", hide);
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  window.addEventListener("message", (event) => {
    if (frame && event.source === frame.contentWindow && event.origin === base.origin && event.data === "vifaq:close") hide();
  });

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [style];
  root.append(launcher, panel);
  const attach = () => document.body.append(host);
  if (document.body) attach();
  else document.addEventListener("DOMContentLoaded", attach);
})();
