import './base.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { createSession } from '@/console/lib/session';

import { Console } from './console';
import { CrashGuard } from './crash-guard';

const root = document.getElementById('root');
if (root === null) throw new Error('console.html has lost its root element');

createRoot(root).render(
  <StrictMode>
    <CrashGuard>
      <Console session={createSession()} />
    </CrashGuard>
  </StrictMode>,
);
