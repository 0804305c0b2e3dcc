import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';

import type { LiveState } from '@/console/lib/api/schemas';
import type { Answer } from '@/console/lib/api/transport';
import { words } from '@/console/lib/words';
import { stateOf } from '@/console/testing/fixtures';

import { BrakePanel } from './brake-panel';
import { PausedBanner } from './paused-banner';
import { useBrake } from './use-brake';

afterEach(cleanup);

const OK: Answer<undefined> = { kind: 'ok', value: undefined };

interface BrakesProps {
  state: LiveState;
  setBrake: (paused: boolean) => Promise<Answer<unknown>>;
}

function Brakes({ state, setBrake }: BrakesProps) {
  const { ask, dialog } = useBrake(setBrake);
  return (
    <>
      <PausedBanner state={state} heardMs={190_000} ask={ask} />
      <BrakePanel state={state} fresh ask={ask} />
      {dialog}
    </>
  );
}

function show(changes: Partial<LiveState>, answers: Answer<unknown>[] = [OK]) {
  const setBrake = vi.fn(async (_paused: boolean) => answers.shift() ?? OK);
  render(<Brakes state={stateOf(changes)} setBrake={setBrake} />);
  return { setBrake };
}

/** Presses the button with that name which came last: the one of the dialog, if it has one. */
async function press(name: string | RegExp) {
  await userEvent.click(screen.getAllByRole('button', { name }).at(-1) as HTMLElement);
}

test('the first press only asks, and says what will happen', async () => {
  const { setBrake } = show({});
  await press(/^Stop selling/);
  expect(setBrake).not.toHaveBeenCalled();
  const dialog = screen.getByRole('alertdialog');
  for (const sentence of words.brake.confirmStop.body) {
    expect(dialog.textContent).toContain(sentence);
  }
});

test('the second press pulls the brake, and the dialog goes', async () => {
  const { setBrake } = show({});
  await press(/^Stop selling/);
  await press(words.brake.confirmStop.confirm);
  expect(setBrake).toHaveBeenCalledExactlyOnceWith(true);
  expect(screen.queryByRole('alertdialog')).toBeNull();
  // The panel waits for the server's word: here the state has not changed.
  expect(screen.getByRole('button', { name: /^Stop selling/ })).toBeTruthy();
});

test('cancelling leaves the sale alone', async () => {
  const { setBrake } = show({});
  await press(/^Stop selling/);
  await press(words.brake.cancel);
  expect(setBrake).not.toHaveBeenCalled();
  expect(screen.queryByRole('alertdialog')).toBeNull();
});

test('after a 503 it says that nothing is known, stays, and can be tried again', async () => {
  const busy: Answer<unknown> = { kind: 'busy', correlationId: 'c0ffee' };
  const { setBrake } = show({}, [busy, OK]);
  await press(/^Stop selling/);
  await press(words.brake.confirmStop.confirm);
  expect(screen.getByRole('alertdialog').textContent).toContain(words.brake.notStored);
  expect(screen.getByText('c0ffee')).toBeTruthy();
  await press(words.brake.confirmStop.confirm);
  expect(setBrake.mock.calls).toEqual([[true], [true]]);
  expect(screen.queryByRole('alertdialog')).toBeNull();
});

test('a refusal is not said to be uncertain', async () => {
  show({}, [{ kind: 'refused', correlationId: null }]);
  await press(/^Stop selling/);
  await press(words.brake.confirmStop.confirm);
  expect(screen.getByRole('alertdialog').textContent).toContain(words.failures.refused);
  expect(screen.getByRole('alertdialog').textContent).not.toContain(words.brake.notStored);
});

test('a press while the answer is awaited counts once', async () => {
  const setBrake = vi.fn(() => new Promise<Answer<unknown>>(() => {}));
  render(<Brakes state={stateOf()} setBrake={setBrake} />);
  await userEvent.click(screen.getByRole('button', { name: /^Stop selling/ }));
  const confirm = screen.getByRole('button', { name: words.brake.confirmStop.confirm });
  await userEvent.dblClick(confirm);
  expect(setBrake).toHaveBeenCalledTimes(1);
});

test('a paused sale has a banner with since when, and going on is confirmed as well', async () => {
  const { setBrake } = show({ paused: true, pausedAt: 60_000 });
  expect(screen.getByRole('region', { name: words.brake.banner }).textContent).toContain(
    '2 min 10 s',
  );
  expect(screen.queryByRole('button', { name: /^Stop selling/ })).toBeNull();
  await press(words.brake.goOn);
  expect(setBrake).not.toHaveBeenCalled();
  await press(words.brake.confirmGoOn.confirm);
  expect(setBrake).toHaveBeenCalledExactlyOnceWith(false);
});

test('after the end there is nothing to stop', () => {
  show({ status: 'ended' });
  expect(screen.queryAllByRole('button')).toEqual([]);
  expect(screen.getByText(words.brake.over)).toBeTruthy();
});
