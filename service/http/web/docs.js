// The API's reference, drawn from /openapi.json; nothing comes from elsewhere.
import { call, el } from "./api.js";

const root = document.getElementById("docs");

function resolve(api, schema) {
  return schema?.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema;
}

// A value of the schema's form: its example, or its fields with their types.
function sample(api, schema, depth = 0) {
  const found = resolve(api, schema) ?? {};
  if (found.examples) return found.examples[0];
  if (found.default !== undefined) return found.default;
  if (found.anyOf) return sample(api, found.anyOf[0], depth);
  if (found.enum) return found.enum.join(" | ");
  if (found.type === "array") return depth > 4 ? [] : [sample(api, found.items, depth + 1)];
  if (found.properties && depth <= 4) {
    return Object.fromEntries(Object.entries(found.properties).map(([name, one]) => [name, sample(api, one, depth + 1)]));
  }
  return found.format ?? found.type ?? "any";
}

// Text with `code` in it.
function prose(text) {
  return text.trim().split("`").map((piece, position) => (position % 2 ? el("code", {}, piece) : piece));
}

function block(api, title, content) {
  const schema = content?.["application/json"]?.schema;
  if (!schema) return [];
  return [el("h4", {}, title), el("pre", {}, JSON.stringify(sample(api, schema), null, 2))];
}

function operation(api, path, method, one) {
  const parameters = (one.parameters ?? []).map((parameter) => el("tr", {},
    el("td", {}, el("code", {}, parameter.name)), el("td", { className: "muted" }, parameter.in), el("td", {}, parameter.description ?? "")));
  const good = Object.entries(one.responses).find(([status]) => status.startsWith("2"));
  const bad = Object.entries(one.responses).filter(([status]) => !status.startsWith("2"));
  return el("details", {},
    el("summary", {}, el("span", { className: "method" }, method.toUpperCase()), el("code", {}, path), el("span", { className: "muted" }, one.summary ?? "")),
    el("div", { className: "body" },
      el("p", {}, ...prose(one.description ?? "")),
      ...(parameters.length ? [el("h4", {}, "Parameters"), el("table", {}, el("tbody", {}, ...parameters))] : []),
      ...block(api, "Request", one.requestBody?.content),
      ...block(api, `Response ${good[0]}`, good[1].content),
      el("p", { className: "muted" }, bad.map(([status, response]) => `${status}: ${response.description}`).join(" · "))));
}

const api = await call("openapi.json");
const groups = new Map();
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, one] of Object.entries(methods)) {
    const tag = one.tags?.[0] ?? "other";
    groups.set(tag, [...(groups.get(tag) ?? []), operation(api, path, method, one)]);
  }
}
root.replaceChildren(
  el("h1", {}, "vifaq API"),
  el("p", { className: "muted" }, ...prose(api.info.description)),
  el("p", {}, el("a", { href: "openapi.json" }, "openapi.json")),
  ...[...groups].flatMap(([tag, operations]) => [el("h2", {}, tag), el("div", {}, ...operations)]),
);
