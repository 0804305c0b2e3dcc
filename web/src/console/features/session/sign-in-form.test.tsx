import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';

import type { Answer } from '@/console/lib/api/transport';
import { words } from '@/console/lib/words';

import { SignInForm } from './sign-in-form';

afterEach(cleanup);

function show(answer: Answer<undefined>) {
  const signIn = vi.fn(async (_token: string) => answer);
  render(<SignInForm signIn={signIn} />);
  const field = screen.getByLabelText<HTMLInputElement>(words.session.token);
  return { signIn, field, user: userEvent.setup() };
}

test('sends the token without the blanks that copying brings along', async () => {
  const { signIn, field, user } = show({ kind: 'ok', value: undefined });
  expect(document.activeElement).toBe(field);
  await user.type(field, '  s3cret {Enter}');
  expect(signIn).toHaveBeenCalledExactlyOnceWith('s3cret');
});

test('does not ask the server without a token', async () => {
  const { signIn, field, user } = show({ kind: 'ok', value: undefined });
  await user.type(field, ' {Enter}');
  expect(signIn).not.toHaveBeenCalled();
  expect(screen.getByText(words.session.missing)).toBeTruthy();
  expect(field.getAttribute('aria-invalid')).toBe('true');
});

test('says that a token is wrong, until another one is typed', async () => {
  const { field, user } = show({ kind: 'unauthorized', correlationId: null });
  await user.type(field, 'guess{Enter}');
  expect(screen.getByText(words.session.wrong)).toBeTruthy();
  expect(document.activeElement).toBe(field);
  await user.type(field, '2');
  expect(screen.queryByText(words.session.wrong)).toBeNull();
});

test('a server that does not answer is no wrong token', async () => {
  const { field, user } = show({ kind: 'unreachable', correlationId: null });
  await user.type(field, 's3cret{Enter}');
  expect(screen.getByRole('alert').textContent).toContain(words.failures.unreachable);
  expect(field.getAttribute('aria-invalid')).toBe('false');
});
