import { Option, type Command } from "commander";
import { describe, expect, it } from "vitest";
import { optionDescription } from "./help.ts";
import { createProgram } from "./program.ts";

const nowhere = { write: () => true };
const withSubcommands = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(withSubcommands)];
const commands = withSubcommands(createProgram({ out: nowhere, env: {}, signal: new AbortController().signal }, nowhere));

describe("help", () => {
  it("every command has one, without defaults that only a program understands", () => {
    const helps = commands.map((command) => command.helpInformation());
    expect(helps.length).toBeGreaterThan(50);
    expect(helps.filter((help) => /default: ?("|\[|\{|false|\))/.test(help))).toEqual([]);
  });

  it("says with every command where to call and as whom", () => {
    for (const command of commands) expect(command.helpInformation(), command.name()).toContain("--address <host:port>");
  });

  it("every command and every option is described", () => {
    for (const command of commands) {
      expect(command.description(), command.name()).not.toBe("");
      for (const option of command.options) expect(option.description, `${command.name()} ${option.flags}`).not.toBe("");
    }
  });

  it("says of every moment in which direction a duration counts, and counts so", () => {
    const moments = commands.flatMap((command) => command.options.filter(({ flags }) => /^--(from|to|until) <time>/.test(flags)));
    expect(moments.length).toBeGreaterThan(10);
    for (const { parseArg, description, flags } of moments) {
      const counted = new Date(String(parseArg?.("12h", "")));
      expect(description, flags).toContain(counted > new Date() ? "from now" : " ago");
    }
  });

  it("names what is required, the choices and the default", () => {
    expect(optionDescription(new Option("--out <file>", "where to").makeOptionMandatory())).toBe("where to (required)");
    expect(optionDescription(new Option("--n <n>", "how many").default(50n))).toBe("how many (default: 50)");
    expect(optionDescription(new Option("--as <x>", "who").choices(["a", "b"]).default("a"))).toBe("who (one of a, b; default: a)");
    expect(optionDescription(new Option("--key <k...>", "keys").default([]))).toBe("keys");
  });
});
