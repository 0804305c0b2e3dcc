import '@/app/base.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { readDocument } from './api-document';
import { Docs } from './docs';
import styles from './docs.module.css';

const root = document.getElementById('root');
if (root === null) throw new Error('api.html has lost its root element');

const page = createRoot(root);

try {
  const response = await fetch('/api/openapi.json');
  const api = readDocument(await response.json());
  page.render(
    <StrictMode>
      <Docs document={api} origin={location.origin} />
    </StrictMode>,
  );
} catch (error) {
  page.render(
    <p className={styles.failure} role="alert">
      The document of the API could not be read. Reload the page.
    </p>,
  );
  throw error;
}
