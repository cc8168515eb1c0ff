/** What a browser does with redirects, cookies and forms: enough to sign in and decide. Cookies belong to a host and port. */
export class TestBrowser {
  readonly #jars = new Map<string, Map<string, string>>();
  /** Set-Cookie lines as they came. */
  readonly cookiesSeen: string[] = [];

  async open(
    url: string,
    init: RequestInit = {},
  ): Promise<{ readonly url: string; readonly status: number; readonly headers: Headers; readonly text: string }> {
    let [current, options] = [url, init];
    for (let hop = 0; hop < 12; hop += 1) {
      const jar = this.#jarOf(current);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const headers = new Headers(options.headers);
      headers.set("cookie", cookie);
      const response = await fetch(current, { ...options, redirect: "manual", headers });
      for (const line of response.headers.getSetCookie()) this.#keep(jar, line);
      const location = response.headers.get("location");
      if (location === null) return { url: current, status: response.status, headers: response.headers, text: await response.text() };
      await response.body?.cancel();
      [current, options] = [new URL(location, current).href, {}];
    }
    throw new Error(`too many redirects, at last to ${current}`);
  }

  post(url: string, fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) {
    return this.open(url, { method: "POST", body: new URLSearchParams(fields), headers: { origin: new URL(url).origin, ...headers } });
  }

  #jarOf(url: string): Map<string, string> {
    const { host } = new URL(url);
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    return jar;
  }

  #keep(jar: Map<string, string>, line: string): void {
    this.cookiesSeen.push(line);
    const [pair = ""] = line.split(";");
    const name = pair.slice(0, pair.indexOf("="));
    if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
    else jar.set(name, pair.slice(pair.indexOf("=") + 1));
  }
}

/** The hidden fields of the first form that goes to this address. */
export function fieldsOf(html: string, action: string): Record<string, string> {
  const form = html.split(`action="${action}"`)[1]?.split("</form>")[0] ?? "";
  return Object.fromEntries(
    [...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

/** As people see it: what keeps addresses from becoming links is not seen. */
export function seen(html: string): string {
  return html.replaceAll(/<\/?span>/g, "");
}

/** The decisions that a page offers. */
export function buttons(html: string): readonly (string | undefined)[] {
  return [...html.matchAll(/name="decision" value="([\w-]+)"/g)].map(([, value]) => value);
}
