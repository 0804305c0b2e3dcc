import './base.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { CrashGuard } from '@/components/crash-guard';
import { createSession } from '@/console/lib/session';

import { Console } from './console';
import { Crashed } from './crashed';

const root = document.getElementById('root');
if (root === null) throw new Error('console.html has lost its root element');

createRoot(root).render(
  <StrictMode>
    <CrashGuard fallback={<Crashed />}>
      <Console session={createSession()} />
    </CrashGuard>
  </StrictMode>,
);
