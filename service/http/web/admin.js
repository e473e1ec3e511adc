// The frame of the admin's desk: key, FAQ set, tabs.
import { ApiError, call, el, request } from "./api.js";
import { deskPanels } from "./admin-desk.js";
import { faqPanel } from "./admin-faqs.js";
import { importPanel } from "./admin-import.js";
import { indexPanel } from "./admin-index.js";

const $ = (id) => document.getElementById(id);
const KEY = "vifaq-admin-key";
const tabs = [...document.querySelectorAll('[role="tab"]')];

// What every panel is given. `path` may carry a query of its own.
const desk = {
  key: null,
  set: null,
  call: (path, options) => call(desk.address(path), { ...options, key: desk.key }),
  request: (path, options) => request(desk.address(path), { ...options, key: desk.key }),
  address: (path) => `${path}${path.includes("?") ? "&" : "?"}set=${encodeURIComponent(desk.set ?? "default")}`,
  toast,
  confirm,
  // Runs `work`; a failure is shown, and false returned.
  attempt: async (work) => {
    try {
      await work();
      return true;
    } catch (error) {
      toast(explain(error), true);
      if (error.status === 401 || error.status === 403) leave();
      return false;
    }
  },
};

const panels = {
  faqs: faqPanel($("faqs"), desk),
  ...deskPanels($("unanswered"), $("feedback"), desk),
  import: importPanel($("import"), desk),
  index: indexPanel($("index"), desk),
};
desk.editFaq = panels.faqs.edit;
desk.pickFaq = panels.faqs.pick;

export function explain(error) {
  if (!(error instanceof ApiError)) throw error;
  if (error.status === 0) return "Không kết nối được với máy chủ. Kiểm tra mạng rồi thử lại.";
  if (error.status === 412) return "Người khác vừa sửa câu này. Đóng lại, mở ra xem bản mới rồi sửa tiếp nhé.";
  if (error.status === 401 || error.status === 403) return "Khoá không đúng, đã bị thu hồi hoặc không có quyền quản trị.";
  if (error.status === 429) return `Thao tác hơi nhanh, vui lòng đợi ${error.retryAfterS ?? "vài"} giây.`;
  return error.message;
}

function toast(text, bad = false) {
  const note = el("div", { className: bad ? "toast bad" : "toast" }, text);
  $("toasts").append(note);
  setTimeout(() => note.remove(), bad ? 9000 : 4000);
}

function confirm(text, action, dangerous = false) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { className: "narrow" });
    const form = el("form", { method: "dialog" },
      el("p", {}, text),
      el("div", { className: "buttons" },
        el("button", { className: "plain", value: "", autofocus: true }, "Không"),
        el("button", { className: dangerous ? "danger" : "primary", value: "yes" }, action)));
    dialog.append(form);
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

function select(tab) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  const name = tab.getAttribute("aria-controls");
  history.replaceState(null, "", `#${name}`);
  desk.attempt(() => panels[name].show());
}

function selected() {
  return tabs.find((tab) => tab.getAttribute("aria-controls") === location.hash.slice(1)) ?? tabs[0];
}

tabs.forEach((tab, position) => {
  tab.addEventListener("click", () => select(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(position + step + tabs.length) % tabs.length];
    next.focus();
    select(next);
  });
});

async function enter(key) {
  const { sets, default: first } = await call("v1/sets", { key });
  desk.key = key;
  sessionStorage.setItem(KEY, key);
  desk.set = sets.includes(first) ? first : sets[0] ?? first;
  $("set").replaceChildren(...sets.map((name) => el("option", { value: name, selected: name === desk.set }, name)));
  $("set").parentElement.hidden = sets.length < 2;
  $("login").hidden = true;
  $("app").hidden = false;
  select(selected());
}

function leave() {
  sessionStorage.removeItem(KEY);
  desk.key = null;
  $("app").hidden = true;
  $("login").hidden = false;
  $("key").value = "";
  $("key").focus();
}

$("set").addEventListener("change", () => { desk.set = $("set").value; select(selected()); });
$("leave").addEventListener("click", leave);
$("login").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const alert = $("login").querySelector('[role="alert"]');
  alert.hidden = true;
  try {
    await enter($("key").value.trim());
  } catch (error) {
    alert.textContent = explain(error);
    alert.hidden = false;
  }
});

const kept = sessionStorage.getItem(KEY);
if (kept) enter(kept).catch((error) => { leave(); toast(explain(error), true); });
else leave();
