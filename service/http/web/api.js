// Talks to the service. Addresses are relative, so the pages work behind a path prefix, too.

export class ApiError extends Error {
  constructor(status, detail, problems, retryAfterS) {
    super(detail);
    this.status = status; // 0: nobody answered
    this.problems = problems;
    this.retryAfterS = retryAfterS;
  }
}

// `key`: an API key; `json`: a body; `form`: FormData; `etag`: for If-Match.
export async function request(path, { method = "GET", key, json, form, etag, timeoutMs = 30000 } = {}) {
  const headers = {};
  if (key) headers["X-API-Key"] = key;
  if (etag !== undefined) headers["If-Match"] = `"${etag}"`;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: json === undefined ? form : JSON.stringify(json),
      signal: timeoutMs ? AbortSignal.timeout(timeoutMs) : undefined,
    });
  } catch (error) {
    throw new ApiError(0, error.message, [], null);
  }
  if (!response.ok) throw await readProblem(response);
  return response;
}

export async function call(path, options) {
  const response = await request(path, options);
  return response.status === 204 ? null : response.json();
}

async function readProblem(response) {
  const problem = await response.json().catch(() => ({}));
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  return new ApiError(response.status, problem.detail ?? response.statusText, problem.problems ?? [], retryAfter);
}

// An element; `props` are properties, except `data`, `on` and aria-* attributes. Strings are text.
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "data") Object.assign(node.dataset, value);
    else if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else if (name.includes("-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
