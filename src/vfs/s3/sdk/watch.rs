//! Each attempt of each request, seen where it leaves: counted and logged.

use std::sync::Arc;
use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use parking_lot::Mutex;

use crate::cache::{Meter, OpKind};
use crate::model::Uri;

/// Counts and logs the attempts of one request. Nothing of a header or a body is looked at, so that
/// no secret can reach the log.
#[derive(Debug)]
pub(super) struct Watch {
    meter: Arc<Meter>,
    kind: OpKind,
    uri: Uri,
    sent: Mutex<Option<Instant>>,
}

impl Watch {
    pub(super) fn new(meter: Arc<Meter>, kind: OpKind, uri: Uri) -> Self {
        Self { meter, kind, uri, sent: Mutex::default() }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "Watch"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.meter.count(self.kind);
        *self.sent.lock() = Some(Instant::now());
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(sent) = self.sent.lock().take() {
            let status = context.response().map(|response| response.status().as_u16());
            let ms = sent.elapsed().as_millis() as u64;
            tracing::debug!(operation = self.kind.name(), location = %self.uri, status, ms, "request");
        }
        Ok(())
    }
}
