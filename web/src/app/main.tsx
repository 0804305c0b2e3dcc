import './base.css';

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './app';
import { CrashGuard } from './crash-guard';
import { createServices } from './services';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has lost its root element');

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={new QueryClient()}>
      <CrashGuard>
        <App services={createServices()} />
      </CrashGuard>
    </QueryClientProvider>
  </StrictMode>,
);
