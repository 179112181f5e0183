//! Buckets: whether and where they are, made and deleted.

use std::sync::Arc;

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use super::error::is_region;
use super::{Sdk, bad_endpoint};
use crate::cache::OpKind;
use crate::model::{Op, Result};

impl Sdk {
    /// The bucket's region, where the service tells it; an error where the bucket doesn't open.
    pub(super) async fn head_bucket(&self, bucket: &str) -> Result<Option<Arc<str>>> {
        let ask = self.ask(Op::Stat, OpKind::HeadBucket, bucket, "");
        let output = self
            .call(&ask, |route| {
                let request = route.clients.calls.head_bucket().bucket(bucket);
                request.customize().interceptor(route.watch).send()
            })
            .await?;
        Ok(output.bucket_region().filter(|region| is_region(region)).map(Into::into))
    }

    pub(super) async fn make_bucket(&self, bucket: &str) -> Result<()> {
        let ask = self.ask(Op::Create, OpKind::CreateBucket, bucket, "");
        let region = self.0.clients.home_region().await.map_err(|bad| bad_endpoint(&ask, &bad))?;
        // The first region has no name here: S3 refuses it as a constraint.
        let place = (&*region != "us-east-1").then(|| {
            let constraint = BucketLocationConstraint::from(&*region);
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        self.forget(bucket);
        self.call(&ask, |route| {
            let request = route.clients.calls.create_bucket().bucket(bucket);
            let request = request.set_create_bucket_configuration(place.clone());
            request.customize().interceptor(route.watch).send()
        })
        .await
        .map(drop)
    }

    pub(super) async fn drop_bucket(&self, bucket: &str) -> Result<()> {
        let ask = self.ask(Op::Remove, OpKind::DeleteBucket, bucket, "");
        let answer = self.call(&ask, |route| {
            let request = route.clients.calls.delete_bucket().bucket(bucket);
            request.customize().interceptor(route.watch).send()
        });
        answer.await?;
        self.forget(bucket);
        Ok(())
    }
}
