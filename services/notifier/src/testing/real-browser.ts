import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { until } from "@countersign/testing";

/** Debian's packages, which tests install where they may (deploy/bootstrap); undefined where there is none. */
export const CHROMIUM = ["chromium-headless-shell", "chromium"]
  .flatMap((name) => (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((file) => existsSync(file));

const FLAGS = ["--headless", "--no-sandbox", "--no-first-run", "--no-proxy-server", "--disable-gpu", "--disable-background-networking"];

/** What somebody presses, as the DevTools protocol has it. */
const KEYS = {
  Tab: { code: "Tab", windowsVirtualKeyCode: 9 },
  Enter: { code: "Enter", windowsVirtualKeyCode: 13, text: "\r" },
  " ": { code: "Space", windowsVirtualKeyCode: 32, text: " " },
} as const;

type Target = { readonly type: string; readonly webSocketDebuggerUrl: string };
type Reply = { readonly id: number; readonly result?: unknown; readonly error?: { readonly message: string } };
type Send = <Result = unknown>(method: string, params?: object) => Promise<Result>;
type AxNode = {
  readonly role: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly properties?: readonly { readonly name: string; readonly value: { readonly value: unknown } }[];
};

/** A Chromium without a window, with one empty page. */
export async function startRealBrowser(program: string) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-chromium-"));
  const child = spawn(program, [...FLAGS, `--user-data-dir=${folder}`, "--remote-debugging-port=0", "about:blank"], {
    stdio: ["ignore", "ignore", "pipe"],
    // Debian's program is a shell script that starts the real one: both end as a group.
    detached: true,
  });
  const exited = once(child, "exit");
  const end = async (): Promise<void> => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  let address = "";
  for await (const line of createInterface(child.stderr)) {
    address = /^DevTools listening on (ws:\S+)/.exec(line)?.[1] ?? "";
    if (address !== "") break;
  }
  if (address === "") {
    await end();
    throw new Error("Chromium does not start");
  }
  child.stderr.resume();
  const targets = (await (await fetch(`http://${new URL(address).host}/json/list`)).json()) as readonly Target[];
  const { send, close } = await connect(targets.find(({ type }) => type === "page")?.webSocketDebuggerUrl ?? "");
  // As in the window that somebody has before them: without it nothing that the page focuses itself is drawn so.
  await send("Emulation.setFocusEmulationEnabled", { enabled: true });
  return {
    ...keyboardOf(send),
    async close() {
      close();
      await end();
    },
  };
}

async function connect(url: string): Promise<{ readonly send: Send; close(): void }> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error } = JSON.parse(String(data)) as Reply;
    if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(new Error(error.message));
    waiting.delete(id);
  });
  const send = (method: string, params: object = {}): Promise<unknown> => {
    const answered = Promise.withResolvers<unknown>();
    waiting.set((calls += 1), answered);
    socket.send(JSON.stringify({ id: calls, method, params }));
    return answered.promise;
  };
  return { send: send as Send, close: () => socket.close() };
}

/** Somebody at the keyboard who is read what has the focus. */
function keyboardOf(send: Send) {
  const ask = async <Value>(expression: string): Promise<Value> =>
    (await send<{ readonly result: { readonly value: Value } }>("Runtime.evaluate", { expression, returnByValue: true })).result.value;
  const press = async (key: keyof typeof KEYS): Promise<void> => {
    await send("Input.dispatchKeyEvent", { type: "keyDown", key, ...KEYS[key] });
    await send("Input.dispatchKeyEvent", { type: "keyUp", key, ...KEYS[key] });
  };
  const isLoaded = () => ask<boolean>("document.readyState === 'complete' && !('left' in window)").catch(() => false);
  return {
    ask,
    press,
    async open(url: string): Promise<void> {
      await send("Page.navigate", { url });
      await until(isLoaded);
    },
    /** A key that leads to another page. */
    async follow(key: "Enter" | " "): Promise<void> {
      await ask("window.left = true");
      await press(key);
      await until(isLoaded);
    },
    type: (text: string): Promise<unknown> => send("Input.insertText", { text }),
    /** Role and name of what has the focus, as whoever does not see it is told: a space at an end, which some versions keep, is not heard. */
    async focused(): Promise<string> {
      const { nodes } = await send<{ readonly nodes: readonly AxNode[] }>("Accessibility.getFullAXTree");
      const node = nodes.findLast(({ properties }) => properties?.some(({ name, value }) => name === "focused" && value.value === true));
      return `${node?.role.value ?? "nothing"}: ${node?.name?.value.trim() ?? ""}`;
    },
  };
}
