import type { ConsoleMessage, Page } from 'playwright-core';

/** Chromium reports every answer that is not a success; some of them are in the contract. */
const REFUSAL = /^Failed to load resource: the server responded with a status of (?<status>\d+)/;

/** Whether an answer that is not a success is one that a page of this kind may get. */
type Meant = (address: string, status: number) => boolean;

/** What pages say that they should not: errors on the console, exceptions, breaches of the policy. */
export class Complaints {
  readonly #heard: string[] = [];
  readonly #expected: RegExp[] = [];

  watch(page: Page, isMeant: Meant): void {
    page.on('pageerror', (error) => this.add(`an exception: ${error.message}`));
    page.on('console', (message) => this.#hear(message, isMeant));
  }

  add(complaint: string): void {
    this.#heard.push(complaint);
  }

  /** All that was heard, also what is expected. */
  get all(): readonly string[] {
    return this.#heard;
  }

  /** Says which complaints belong to what the test does to the page. */
  expect(...patterns: RegExp[]): void {
    this.#expected.push(...patterns);
  }

  /** The complaints that the test has not named. */
  unexpected(): string[] {
    return this.#heard.filter((one) => !this.#expected.some((pattern) => pattern.test(one)));
  }

  #hear(message: ConsoleMessage, isMeant: Meant): void {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const { url } = message.location();
    const refusal = REFUSAL.exec(message.text());
    if (refusal !== null && isMeant(url, Number(refusal.groups?.status))) return;
    const where = url === '' ? '' : ` (${new URL(url).pathname})`;
    this.add(`on the console: ${message.text()}${where}`);
  }
}
