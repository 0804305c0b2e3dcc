import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const START_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;
const LOG_CHARS_SHOWN_MAX = 4_000;

/** What was started and has not ended. A run that is broken off leaves nothing behind. */
const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** The program that a variable names, or the one that stands in for it. */
export function program(variable: string, what: string, fallback?: string): string {
  const given = process.env[variable] || fallback;
  if (given === undefined) throw new Error(`Set ${variable} to the path of ${what}.`);
  const path = resolve(given);
  if (!existsSync(path)) {
    throw new Error(`There is no ${what} at ${path}. Set ${variable} to its path.`);
  }
  return path;
}

export interface Start {
  program: string;
  args: string[];
  /** The working directory. */
  directory: string;
  env?: Record<string, string>;
  /** What it prints once it is ready; the groups are what the caller wants to know. */
  ready: RegExp;
}

/** A program that a test starts, and may freeze, kill or stop. */
export class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolved) => child.once('exit', () => resolved()));
    living.add(child);
    void this.#ended.then(() => living.delete(child));
  }

  /** Starts it and waits until it says that it is ready. */
  static async start(start: Start): Promise<[Program, RegExpExecArray]> {
    const child = spawn(start.program, start.args, {
      cwd: start.directory,
      env: { PATH: process.env.PATH, ...start.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = new Program(child);
    try {
      return [started, await readiness(child, start)];
    } catch (error) {
      await started.kill();
      throw error;
    }
  }

  /** Holds it still: it keeps its connections and answers nothing. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it as a crash would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Asks it to end in order. */
  async stop(): Promise<void> {
    this.thaw();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX);
    await this.#end('SIGTERM');
    clearTimeout(late);
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child;
    if (exitCode !== null || signalCode !== null || pid === undefined) return;
    this.#child.kill(signal);
    await this.#ended;
  }
}

function readiness(child: ChildProcess, { program: name, ready }: Start): Promise<RegExpExecArray> {
  return new Promise((found, failed) => {
    let output = '';
    let log = '';
    const fail = (why: string) => {
      clearTimeout(timer);
      failed(new Error(`${name} ${why}\n${output}${log}`));
    };
    const timer = setTimeout(() => fail(`was not ready within ${START_MS_MAX} ms.`), START_MS_MAX);
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-LOG_CHARS_SHOWN_MAX);
      const said = ready.exec(output);
      if (said === null) return;
      clearTimeout(timer);
      found(said);
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      log = (log + chunk).slice(-LOG_CHARS_SHOWN_MAX);
    });
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => fail(`ended with ${signal ?? `exit code ${code}`}.`));
  });
}
