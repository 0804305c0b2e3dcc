import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import type { Page } from 'playwright-core';

interface AxeResult {
  violations: { id: string; help: string; nodes: { target: unknown; failureSummary: string }[] }[];
}

/** What axe finds wrong with the page as it stands now, a sentence for each. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const script = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  // Evaluated, and not added as a script, which the page's policy would refuse.
  await page.evaluate(await readFile(script, 'utf8'));
  const { violations } = (await page.evaluate('axe.run()')) as AxeResult;
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${help}: ${String(target)}: ${failureSummary}`,
    ),
  );
}
