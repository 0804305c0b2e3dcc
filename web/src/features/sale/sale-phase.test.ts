import { describe, expect, test } from 'vitest';

import type { SaleStatus } from '@/lib/api/schemas';
import { statusJson } from '@/testing/fake-shop';

import { newerStatus, nextMoment, phaseAt } from './sale-phase';

const at = (changes: Partial<SaleStatus>) => statusJson(changes) as SaleStatus;

describe('the phase', () => {
  test.each<[SaleStatus['status'], number, string]>([
    ['upcoming', 999_999, 'upcoming'],
    ['upcoming', 1_000_000, 'active'],
    ['upcoming', 9_000_000, 'ended'],
    // The estimate lags behind the server; its word counts.
    ['active', 999_000, 'active'],
    ['active', 8_999_999, 'active'],
    ['active', 9_000_000, 'ended'],
    ['sold_out', 2_000_000, 'sold_out'],
    ['sold_out', 9_000_001, 'sold_out'],
    // An ended sale stays ended, whatever the clock says.
    ['ended', 2_000_000, 'ended'],
  ])('said to be %s, at %d, is %s', (status, now, phase) => {
    expect(phaseAt(at({ status }), now)).toBe(phase);
  });

  test.each<[SaleStatus['status'], number, string]>([
    ['upcoming', 999_999, 'upcoming'],
    ['upcoming', 1_000_000, 'paused'],
    ['active', 2_000_000, 'paused'],
    ['active', 9_000_000, 'ended'],
    ['sold_out', 2_000_000, 'sold_out'],
    ['ended', 2_000_000, 'ended'],
  ])('with the brake pulled, said to be %s, at %d, is %s', (status, now, phase) => {
    expect(phaseAt(at({ status, paused: true }), now)).toBe(phase);
  });

  test('the moment to count down to', () => {
    const status = at({});
    expect(nextMoment(status, 'upcoming')).toBe(status.startsAt);
    expect(nextMoment(status, 'active')).toBe(status.endsAt);
    expect(nextMoment(status, 'paused')).toBe(status.endsAt);
    expect(nextMoment(status, 'sold_out')).toBeNull();
    expect(nextMoment(status, 'ended')).toBeNull();
  });
});

describe('of two pictures of the sale', () => {
  test('the one with more sold counts, in whichever order they come', () => {
    const older = at({ sold: 7, stock: 3 });
    const newer = at({ sold: 8, stock: 2 });
    expect(newerStatus(older, newer)).toEqual(newer);
    expect(newerStatus(newer, older)).toEqual(newer);
  });

  test('a status never goes back', () => {
    const ended = at({ status: 'ended' });
    expect(newerStatus(ended, at({ status: 'active' }))).toEqual(ended);
    const active = at({ status: 'active' });
    expect(newerStatus(active, at({ status: 'upcoming' }))).toEqual(active);
  });

  test('the brake and the health go both ways, and the later time counts', () => {
    const going = at({ serverTime: 2_000 });
    const stopped = at({ serverTime: 3_000, paused: true, ready: false });
    const goingAgain = at({ serverTime: 4_000 });
    expect(newerStatus(going, stopped)).toEqual(stopped);
    expect(newerStatus(stopped, going)).toEqual(stopped);
    expect(newerStatus(stopped, goingAgain)).toEqual(goingAgain);
  });

  test('a node that lags behind has the last word on the brake and none on the stock', () => {
    const known = at({ serverTime: 3_000, sold: 10, stock: 0, status: 'sold_out' });
    const lagging = at({ serverTime: 4_000, sold: 8, stock: 2, paused: true });
    expect(newerStatus(known, lagging)).toEqual({ ...known, serverTime: 4_000, paused: true });
  });

  test('another sale replaces the one before it, however little it has sold', () => {
    const next = at({ startsAt: 5_000_000, sold: 0, stock: 10, status: 'upcoming' });
    expect(newerStatus(at({}), next)).toBe(next);
    expect(newerStatus(null, next)).toBe(next);
  });
});
