import './base.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { CrashGuard } from '@/components/crash-guard';
import { chooseLanguage, storedLanguage } from '@/lib/language';
import { loadWords } from '@/lib/words';

import { App } from './app';
import { Crashed } from './crashed';
import { createServices } from './services';
import { Spoken } from './spoken';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has lost its root element');

const services = createServices();
// The shop is asked while the words are still on their way.
services.feed.start();
const language = chooseLanguage({
  query: location.search,
  stored: storedLanguage(),
  shop: services.shop.language,
  browser: navigator.languages,
});

try {
  const words = await loadWords(language);
  createRoot(root).render(
    <StrictMode>
      <Spoken words={words}>
        <CrashGuard fallback={<Crashed />}>
          <App services={services} />
        </CrashGuard>
      </Spoken>
    </StrictMode>,
  );
} catch (error) {
  // Without words there is no page. What the visitor can do then stands in index.html.
  document.getElementById('unloaded')?.removeAttribute('hidden');
  throw error;
}
