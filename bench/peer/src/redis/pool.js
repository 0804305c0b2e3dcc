// Leases each connection to one transaction at a time, first come, first served.

import { setTimeout as sleep } from 'node:timers/promises';

import { connectForTransactions } from './connect.js';

/** @typedef {import('ioredis').Redis} Redis */

/** More than this many wait for a connection: the next is told at once that there is none. */
const WAITING_MAX = 10_000;
const RECONNECT_MS = 200;

/** Too many wait for a connection. */
export class PoolFull extends Error {}

export class Pool {
  #url;
  /** @type {Redis[]} */
  #all = [];
  /** @type {Redis[]} */
  #idle = [];
  /** @type {((connection: Redis) => void)[]} */
  #waiting = [];
  #closed = false;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
  }

  /**
   * @param {string} url
   * @param {number} size
   */
  static async open(url, size) {
    const pool = new Pool(url);
    pool.#all = await Promise.all(Array.from({ length: size }, () => connectForTransactions(url)));
    pool.#idle = [...pool.#all];
    return pool;
  }

  /**
   * Runs a task with a connection that is its own until the task ends.
   *
   * @template T
   * @param {(connection: Redis) => Promise<T>} task
   * @returns {Promise<T>}
   */
  async lease(task) {
    const connection = this.#idle.pop() ?? (await this.#wait());
    try {
      const result = await task(connection);
      this.#giveBack(connection);
      return result;
    } catch (error) {
      // Nobody knows what it still watches, so nobody else may have it.
      connection.disconnect();
      this.#replace(connection);
      throw error;
    }
  }

  close() {
    this.#closed = true;
    for (const connection of this.#all) connection.disconnect();
  }

  /** @returns {Promise<Redis>} */
  #wait() {
    if (this.#waiting.length >= WAITING_MAX) throw new PoolFull();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** @param {Redis} connection */
  #giveBack(connection) {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#idle.push(connection);
  }

  /** @param {Redis} broken */
  async #replace(broken) {
    this.#all.splice(this.#all.indexOf(broken), 1);
    while (!this.#closed) {
      try {
        const connection = await connectForTransactions(this.#url);
        this.#all.push(connection);
        this.#giveBack(connection);
        return;
      } catch {
        await sleep(RECONNECT_MS);
      }
    }
  }
}
